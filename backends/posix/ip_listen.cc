#include "backends/posix/ip_listen.h"

#include <string>
#include <utility>

#include "backends/posix/connector.h"
#include "backends/posix/op_error.h"
#include "backends/posix/resolve.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "transport/error.h"

namespace plumb {

absl::StatusOr<BoundSocket> BindIp(
    Clock& clock, absl::string_view network, const char* addr_network,
    absl::string_view address, absl::Duration timeout,
    absl::FunctionRef<absl::StatusOr<Descriptor>(IpFamily, const IpPort&)>
        open) {
  ErrorInfo info;
  info.op = "listen";
  info.network = std::string(network);
  const absl::StatusOr<IpPort> local =
      ResolveForListen(network, address, Connector(clock, timeout));
  if (!local.ok()) return ForOp(local.status(), std::move(info));
  info.addr = Addr::Ip(addr_network, *local);
  const IpFamily family = FamilyForListen(network, local->ip);
  absl::StatusOr<Descriptor> fd = open(family, *local);
  if (!fd.ok()) return ForOp(fd.status(), std::move(info));
  const absl::StatusOr<SockAddr> name = SocketName(fd->get());
  if (!name.ok()) return ForOp(name.status(), std::move(info));
  return BoundSocket{*std::move(fd), name->ToAddr(addr_network), family};
}

}  // namespace plumb
