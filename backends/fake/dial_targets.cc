#include "backends/fake/dial_targets.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/fake/ip_kinds.h"
#include "backends/local_address.h"
#include "transport/direction.h"
#include "transport/ip_addr.h"
#include "transport/network_name.h"

namespace plumb {
namespace {

// Whether the socket with which to dial `target` from `own` is one of IPv6.
bool IsV6Socket(absl::string_view network, const IpAddr& own,
                const IpAddr& target) {
  const AddressFamily family = ParseNetworkName(network).family;
  if (family == AddressFamily::kV4) return false;
  return family == AddressFamily::kV6 || own.is_v6() || target.is_v6();
}

}  // namespace

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
                                const IpPort& target) const {
  if (!IsWildcard(target.ip)) return {DropIdleZone(target.ip), target.port};
  const IpAddr own = from.has_value() ? from->ip : IpAddr();
  const bool v6_socket = IsV6Socket(network, own, target.ip);
  if (IsWildcard(own) || own.is_v6()) {
    return {v6_socket ? IpAddr::LoopbackV6() : IpAddr::LoopbackV4(),
            target.port};
  }
  // A socket of IPv4 that is bound to an address finds itself there; one of
  // IPv6 does not.
  const bool itself = !v6_socket && !IsOfMany(own);
  return {itself ? own : IpAddr::LoopbackV4(), target.port};
}

ErrorInfo DialTargets::Info(absl::string_view network,
                            const IpPort& target) const {
  ErrorInfo info = NetworkInfo("dial", network);
  if (from.has_value()) info.source = Addr::Ip(AddrNetwork(network), *from);
  info.addr = Addr::Ip(AddrNetwork(network), target);
  return info;
}

absl::StatusOr<DialSource> DialTargets::SourceFor(const HostRef& host,
                                                  absl::string_view network,
                                                  SocketKind kind,
                                                  const IpPort& target,
                                                  const ErrorInfo& info) const {
  DialSource source;
  source.ip_port = {host.SourceFor(target.ip), 0};
  source.bound = AddressSet::One(source.ip_port.ip);
  if (!from.has_value()) return source;
  source.ip_port.port = from->port;
  const IpAddr own = DropIdleZone(from->ip);
  const bool v6_socket = IsV6Socket(network, own, target.ip);
  if (own.is_v6() && !v6_socket) {
    return OpError(
        absl::StatusCode::kInvalidArgument, info,
        absl::StrCat("address ", from->ip.ToString(), ": non-IPv4 address"));
  }
  if (IsWildcard(own)) {
    source.bound =
        v6_socket ? AddressesToListen(network, IpAddr()) : AddressSet::AnyV4();
    return source;
  }
  source.bound = AddressSet::One(own);
  if (!IsOfMany(own)) source.ip_port.ip = own;
  const int error = host.BindError(kind, own);
  if (error != 0) return ErrnoError(info, "bind", error);
  return source;
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
