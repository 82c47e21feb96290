#include "backends/posix/message_conn.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

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
    : SocketConn(clock, std::move(descriptor), std::move(names)), kind_(kind) {}

MessageConn::~MessageConn() { CloseOnce(); }

absl::StatusOr<size_t> MessageConn::Read(absl::Span<char> buffer) {
  return Receive(buffer, 0);
}

absl::StatusOr<size_t> MessageConn::Peek(absl::Span<char> buffer) {
  return Receive(buffer, MSG_PEEK);
}

absl::StatusOr<size_t> MessageConn::Receive(absl::Span<char> buffer,
                                            int flags) {
  if (buffer.empty()) {
    if (state().closed()) return ClosedError(Info("read"));
    return size_t{0};
  }
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  ReceiveMessageOp op(fd(), buffer, nullptr, flags);
  if (!call.Run(op)) return call.Error("read");
  if (op.error() != 0) return ErrnoError(Info("read"), "read", op.error());
  if (op.full_size() > op.size()) {
    return CutMessageError(Info("read"), op.full_size());
  }
  if (op.size() == 0 && kind_.has_end) return EofError();
  return op.size();
}

absl::Status MessageConn::Write(absl::Span<const absl::string_view> pieces) {
  Call call(state(), Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  if (write_closed()) return WriteError(EPIPE, 0);
  SendMessageOp op(fd(), pieces);
  if (!call.Run(op)) return call.Error("write");
  return op.error() == 0 ? absl::OkStatus() : WriteError(op.error(), 0);
}

absl::Status MessageConn::CloseWrite() {
  if (kind_.has_end) return SocketConn::CloseWrite();
  return Apply(Info("close"), [](int /*fd*/) {
    return UnsupportedError(ErrorInfo(), "CloseWrite");
  });
}

void* MessageConn::Extension(absl::string_view name) {
  if (void* found = SocketConn::Extension(name)) return found;
  if (void* found = FindExtension<MessageTraits>(name, this)) return found;
  return kind_.has_end ? FindExtension<ReadCloser>(name, this) : nullptr;
}

size_t MessageConn::MaxMessageSize() const {
  if (kind_.max_message_size != 0) return kind_.max_message_size;
  return MaxUnixMessageSize(SendBuffer());
}

}  // namespace plumb
