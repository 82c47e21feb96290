#include "backends/posix/message_conn.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "backends/posix/socket.h"
#include "backends/posix/socket_ops.h"

namespace plumb {

absl::Status CutMessageError(ErrorInfo info, size_t full_size) {
  info.bytes_done = full_size;
  return ErrnoError(std::move(info), "read", EMSGSIZE);
}

size_t MaxUnixMessageSize(int send_buffer) {
  // The kernel keeps 32 bytes of the buffer for itself, unix_dgram_sendmsg.
  constexpr int kReserve = 32;
  return send_buffer > kReserve ? send_buffer - kReserve : 0;
}

MessageConn::MessageConn(Clock& clock, plumb::Descriptor descriptor,
                         std::shared_ptr<const CallNames> names,
                         MessageKind kind)
    : SocketObject(clock, std::move(descriptor), std::move(names)),
      kind_(kind) {}

MessageConn::~MessageConn() { CloseOnce(); }

absl::StatusOr<size_t> MessageConn::Read(absl::Span<char> buffer) {
  if (buffer.empty()) {
    if (state().closed()) return ClosedError(Info("read"));
    return size_t{0};
  }
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  ReceiveMessageOp op(fd(), buffer);
  if (!call.Run(op)) return call.Error("read");
  if (op.error() != 0) return ErrnoError(Info("read"), "read", op.error());
  if (op.full_size() > op.size()) {
    return CutMessageError(Info("read"), op.full_size());
  }
  if (op.size() == 0 && kind_.has_end) return EofError(Info("read"));
  return op.size();
}

absl::Status MessageConn::Write(absl::Span<const absl::string_view> pieces) {
  Call call(state(), Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  if (write_closed_.load(std::memory_order_relaxed)) return WriteError(EPIPE);
  SendMessageOp op(fd(), pieces);
  if (!call.Run(op)) return call.Error("write");
  return op.error() == 0 ? absl::OkStatus() : WriteError(op.error());
}

absl::Status MessageConn::WriteError(int error) const {
  ErrorInfo info = Info("write");
  const bool own = error == EPIPE && write_closed_.load();
  if (!own) return ErrnoError(std::move(info), "write", error);
  // The same words, but it is the caller's own doing.
  info.syscall = "write";
  info.errno_value = error;
  return OpError(absl::StatusCode::kFailedPrecondition, std::move(info),
                 "write: broken pipe");
}

absl::Status MessageConn::WaitReadable() {
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  ReadableOp op(fd());
  if (!call.Run(op)) return call.Error("read");
  return absl::OkStatus();
}

absl::Status MessageConn::CloseWrite() {
  return Apply(Info("close"), [this](int fd) {
    if (!kind_.has_end) return UnsupportedError(ErrorInfo(), "CloseWrite");
    // First, so that a Write that the shutdown ends knows whose doing it is.
    const bool before = write_closed_.exchange(true);
    const absl::Status status = ShutdownSocket(fd, SHUT_WR);
    if (!status.ok()) {
      write_closed_.store(before);
      return status;
    }
    // On a unix socket poll(2) goes on waiting for room.
    state().Signal(Direction::kWrite);
    return status;
  });
}

absl::Status MessageConn::CloseRead() {
  return Apply(Info("close"),
               [](int fd) { return ShutdownSocket(fd, SHUT_RD); });
}

absl::Status MessageConn::Close() { return CloseWithError(); }

absl::Status MessageConn::SetDeadline(Direction direction, absl::Time when) {
  return ChangeDeadline(direction, when);
}

void* MessageConn::Extension(absl::string_view name) {
  if (void* found = SocketExtension(name)) return found;
  if (void* found = FindExtension<MessageTraits>(name, this)) return found;
  return kind_.has_end ? FindExtension<ReadCloser>(name, this) : nullptr;
}

size_t MessageConn::MaxMessageSize() const {
  if (kind_.max_message_size != 0) return kind_.max_message_size;
  return MaxUnixMessageSize(SendBuffer());
}

}  // namespace plumb
