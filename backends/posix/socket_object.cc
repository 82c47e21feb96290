#include "backends/posix/socket_object.h"

#include <sys/socket.h>

#include <utility>

#include "backends/posix/op_error.h"
#include "backends/posix/socket.h"
#include "transport/info_reason.h"
#include "transport/waiter.h"

namespace plumb {

SocketObject::SocketObject(Clock& clock, plumb::Descriptor descriptor,
                           std::shared_ptr<const CallNames> names)
    : state_(clock, std::move(names)), descriptor_(std::move(descriptor)) {}

int SocketObject::BlockedCalls(Direction direction) const {
  if (direction != Direction::kBoth) return state_.Blocked(direction);
  return state_.Blocked(Direction::kRead) + state_.Blocked(Direction::kWrite);
}

int SocketObject::Descriptor() const {
  if (!state_.Enter()) return -1;
  const int fd = descriptor_.get();
  state_.Leave();
  return fd;
}

absl::Status SocketObject::SetReadBuffer(int bytes) {
  return Apply(SetInfo(), [bytes](int fd) {
    const absl::StatusOr<int> family = GetIntOption(fd, SOL_SOCKET, SO_DOMAIN);
    if (family.ok() && *family == AF_UNIX) {
      return UnsupportedError(ErrorInfo(), "read buffer");
    }
    return SetIntOption(fd, SOL_SOCKET, SO_RCVBUF, bytes);
  });
}

absl::Status SocketObject::SetWriteBuffer(int bytes) {
  return Apply(SetInfo(), [bytes](int fd) {
    return SetIntOption(fd, SOL_SOCKET, SO_SNDBUF, bytes);
  });
}

int SocketObject::SendBuffer() const {
  if (!state_.Enter()) return 0;
  const absl::StatusOr<int> size =
      GetIntOption(descriptor_.get(), SOL_SOCKET, SO_SNDBUF);
  state_.Leave();
  return size.ok() ? *size : 0;
}

ErrorInfo SocketObject::Info(absl::string_view op) const {
  return NamedInfo(op, &names());
}

ErrorInfo SocketObject::SetInfo() const {
  ErrorInfo info = Info("set");
  if (info.source.has_value()) info.addr = std::exchange(info.source, Addr());
  return info;
}

bool SocketObject::CloseOnce() {
  if (!state_.Close()) return false;
  BeforeClose();
  CloseDescriptor();
  state_.Done();
  return true;
}

void SocketObject::CloseDescriptor() {
  if (!lingers_.load()) {
    descriptor_.Close();
    return;
  }
  const ErrorInfo info = Info("close");
  const InfoReason reason(info);
  Waiter::Current().RunBlocking([this] { descriptor_.Close(); }, reason);
}

absl::Status SocketObject::CloseWithError() {
  // The first closer may have freed this by the time that a second one returns.
  const std::shared_ptr<const CallNames> names = state_.names();
  return CloseOnce() ? absl::OkStatus()
                     : ClosedError(NamedInfo("close", names.get()));
}

absl::Status SocketObject::ChangeDeadline(Direction direction,
                                          absl::Time when) {
  return state_.SetDeadline(direction, when) ? absl::OkStatus()
                                             : ClosedError(SetInfo());
}

absl::Status SocketObject::Apply(
    const ErrorInfo& info, absl::FunctionRef<absl::Status(int fd)> change) {
  if (!state_.Enter()) return ClosedError(info);
  const absl::Status status = change(fd());
  state_.Leave();
  return status.ok() ? status : ForOp(status, info);
}

void* SocketObject::SocketExtension(absl::string_view name) {
  return FindExtension<BlockedProbe, NativeHandle, BufferControl>(name, this);
}

}  // namespace plumb
