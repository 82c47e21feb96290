#include "backends/fake/dial_targets.h"

#include <algorithm>
#include <utility>

#include "backends/local_address.h"
#include "transport/direction.h"
#include "transport/ip_addr.h"
#include "transport/network_name.h"

namespace plumb {

absl::StatusOr<DialTargets> DialTargets::Resolve(const HostRef& host,
                                                 absl::string_view network,
                                                 absl::string_view address,
                                                 const DialOptions& options) {
  absl::StatusOr<std::vector<IpPort>> to =
      host.ResolveForDial(network, address);
  if (!to.ok()) return to.status();
  DialTargets targets;
  targets.to = *std::move(to);
  if (!options.local_address.has_value()) return targets;
  const absl::StatusOr<IpPort> from = ResolveLocalAddress(
      network, AddrNetwork(network),
      [&](absl::string_view name) {
        return host.ResolveForListen(name, *options.local_address);
      },
      targets.to);
  if (!from.ok()) return from.status();
  targets.from = *from;
  return targets;
}

IpPort DialTargets::Destination(absl::string_view network,
                                const IpPort& target) {
  if (!IsWildcard(target.ip)) return target;
  const bool v6 = ParseNetworkName(network).family == AddressFamily::kV6 ||
                  target.ip.is_v6();
  return {v6 ? IpAddr::LoopbackV6() : IpAddr::LoopbackV4(), target.port};
}

ErrorInfo DialTargets::Info(absl::string_view network,
                            const IpPort& target) const {
  ErrorInfo info = NetworkInfo("dial", network);
  if (from.has_value()) info.source = Addr::Ip(AddrNetwork(network), *from);
  info.addr = Addr::Ip(AddrNetwork(network), target);
  return info;
}

int DialTargets::SourceFor(const HostRef& host, const IpPort& target,
                           IpPort* source) const {
  *source = {host.SourceFor(target.ip), 0};
  if (!from.has_value()) return 0;
  source->port = from->port;
  if (IsWildcard(from->ip)) return 0;
  source->ip = from->ip;
  return host.BindError(from->ip);
}

absl::Time DialDeadline(Clock& clock, const DialOptions& options) {
  return std::min(options.deadline, clock.TimeNow() + options.timeout);
}

std::shared_ptr<Dialing> StartDialing(Clock& clock, absl::Time deadline) {
  auto dialing = std::make_shared<Dialing>(clock);
  dialing->state.SetDeadline(Direction::kWrite, deadline);
  return dialing;
}

}  // namespace plumb
