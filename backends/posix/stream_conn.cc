#include "backends/posix/stream_conn.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "backends/posix/socket.h"

namespace plumb {

StreamConn::StreamConn(Clock& clock, plumb::Descriptor descriptor,
                       std::shared_ptr<const CallNames> names,
                       StreamContent content)
    : SocketObject(clock, std::move(descriptor), std::move(names)),
      content_(content) {}

StreamConn::~StreamConn() { CloseOnce(); }

absl::StatusOr<size_t> StreamConn::Read(absl::Span<char> buffer) {
  if (buffer.empty()) {
    if (state().closed()) return ClosedError(Info("read"));
    return size_t{0};
  }
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  ReceiveOp op(fd(), buffer, content_);
  const bool done = wait_first_ ? call.RunAfterWait(op) : call.Run(op);
  if (!done) return call.Error("read");
  if (op.error() != 0) return ErrnoError(Info("read"), "read", op.error());
  if (op.size() == 0) return EofError(Info("read"));
  wait_first_ = op.emptied();
  return op.size();
}

absl::Status StreamConn::Write(absl::Span<const absl::string_view> pieces) {
  Call call(state(), Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  if (write_closed_.load(std::memory_order_relaxed)) {
    return WriteError(EPIPE, 0);
  }
  SendOp op(fd(), pieces);
  if (!call.Run(op)) {
    ErrorInfo info;
    info.bytes_done = op.sent();
    return call.Error("write", std::move(info));
  }
  return op.error() == 0 ? absl::OkStatus() : WriteError(op.error(), op.sent());
}

absl::Status StreamConn::WriteError(int error, uint64_t sent) const {
  ErrorInfo info = Info("write");
  info.bytes_done = sent;
  const bool own = error == EPIPE && write_closed_.load();
  if (!own) return ErrnoError(std::move(info), "write", error);
  // The same words, but it is the caller's own doing.
  info.syscall = "write";
  info.errno_value = error;
  return OpError(absl::StatusCode::kFailedPrecondition, std::move(info),
                 "write: broken pipe");
}

absl::Status StreamConn::WaitReadable() {
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  ReadableOp op(fd());
  if (!call.Run(op)) return call.Error("read");
  return absl::OkStatus();
}

absl::Status StreamConn::CloseWrite() {
  return Apply(Info("close"), [this](int fd) {
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

absl::Status StreamConn::CloseRead() {
  return Apply(Info("close"),
               [](int fd) { return ShutdownSocket(fd, SHUT_RD); });
}

absl::Status StreamConn::Close() { return CloseWithError(); }

absl::Status StreamConn::SetDeadline(Direction direction, absl::Time when) {
  return ChangeDeadline(direction, when);
}

void* StreamConn::Extension(absl::string_view name) {
  if (void* found = SocketExtension(name)) return found;
  return FindExtension<ReadCloser>(name, this);
}

}  // namespace plumb
