#include "backends/posix/socket_conn.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "backends/posix/socket.h"
#include "backends/posix/socket_ops.h"

namespace plumb {

absl::Status SocketConn::WriteError(int error, uint64_t sent) const {
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

absl::Status SocketConn::WaitReadable() {
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  TryFirst();
  ReadableOp op(fd());
  if (!call.Run(op)) return call.Error("read");
  return absl::OkStatus();
}

absl::Status SocketConn::CloseWrite() {
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

absl::Status SocketConn::CloseRead() {
  return Apply(Info("close"),
               [](int fd) { return ShutdownSocket(fd, SHUT_RD); });
}

absl::Status SocketConn::Close() { return CloseWithError(); }

absl::Status SocketConn::SetDeadline(Direction direction, absl::Time when) {
  return ChangeDeadline(direction, when);
}

void* SocketConn::Extension(absl::string_view name) {
  if (void* found = SocketExtension(name)) return found;
  return FindExtension<Peeker>(name, this);
}

}  // namespace plumb
