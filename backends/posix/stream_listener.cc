#include "backends/posix/stream_listener.h"

#include <utility>

#include "backends/posix/socket.h"
#include "backends/posix/socket_ops.h"

namespace plumb {

StreamListener::StreamListener(Clock& clock, plumb::Descriptor descriptor,
                               std::shared_ptr<const CallNames> names,
                               const char* addr_network, MakeConn make_conn)
    : SocketObject(clock, std::move(descriptor), std::move(names)),
      addr_network_(addr_network),
      make_conn_(make_conn) {}

StreamListener::~StreamListener() { CloseOnce(); }

absl::StatusOr<std::unique_ptr<Conn>> StreamListener::Accept() {
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("accept");
  AcceptOp op(fd());
  if (!call.Run(op)) return call.Error("accept");
  if (op.error() != 0) {
    return ErrnoError(Info("accept"), "accept4", op.error());
  }
  return MakeAccepted(op.TakeDescriptor(), op.peer());
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

void* StreamListener::Extension(absl::string_view name) {
  return SocketExtension(name);
}

}  // namespace plumb
