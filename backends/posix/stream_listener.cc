#include "backends/posix/stream_listener.h"

#include <sys/socket.h>

#include <utility>

#include "backends/posix/op_error.h"
#include "backends/posix/socket.h"
#include "backends/posix/socket_ops.h"

namespace plumb {

StreamListener::StreamListener(Clock& clock, plumb::Descriptor descriptor,
                               std::shared_ptr<const CallNames> names,
                               const char* addr_network, MakeConn make_conn,
                               std::optional<int> send_buffer)
    : SocketObject(clock, std::move(descriptor), std::move(names)),
      addr_network_(addr_network),
      make_conn_(make_conn),
      send_buffer_(send_buffer.has_value() ? *send_buffer : kNone) {}

StreamListener::~StreamListener() { CloseOnce(); }

absl::StatusOr<std::unique_ptr<Conn>> StreamListener::Accept() {
  Call call(state(), Direction::kRead, "accept");
  if (!call.ok()) return call.Error("accept");
  AcceptOp op(fd());
  if (!call.Run(op)) return call.Error("accept");
  if (op.error() != 0) {
    return ErrnoError(Info("accept"), "accept4", op.error());
  }
  plumb::Descriptor accepted = op.TakeDescriptor();
  const int64_t send_buffer = send_buffer_.load();
  if (send_buffer != kNone) {
    const absl::Status status = SetIntOption(
        accepted.get(), SOL_SOCKET, SO_SNDBUF, static_cast<int>(send_buffer));
    if (!status.ok()) return ForOp(status, Info("accept"));
  }
  return MakeAccepted(std::move(accepted), op.peer());
}

std::unique_ptr<Conn> StreamListener::MakeAccepted(plumb::Descriptor descriptor,
                                                   const SockAddr& peer) const {
  CallNames ends = names();
  ends.source = ends.addr;
  // Behind a wildcard each connection has a local address of its own.
  if (ends.source.ip().IsUnspecified()) {
    const absl::StatusOr<SockAddr> local = SocketName(descriptor.get());
    if (local.ok()) ends.source = local->ToAddr(addr_network_);
  }
  ends.addr = peer.ToAddr(addr_network_);
  if (!ends.addr.has_value()) ends.addr = Addr::Unnamed(addr_network_);
  return make_conn_(clock(), std::move(descriptor),
                    std::make_shared<const CallNames>(std::move(ends)));
}

absl::Status StreamListener::Close() { return CloseWithError(); }

absl::Status StreamListener::SetDeadline(absl::Time when) {
  return ChangeDeadline(Direction::kRead, when);
}

absl::Status StreamListener::SetWriteBuffer(int bytes) {
  return Apply(SetInfo(), [this, bytes](int fd) {
    const absl::Status status = SetIntOption(fd, SOL_SOCKET, SO_SNDBUF, bytes);
    if (status.ok()) send_buffer_.store(bytes);
    return status;
  });
}

void* StreamListener::Extension(absl::string_view name) {
  return SocketExtension(name);
}

}  // namespace plumb
