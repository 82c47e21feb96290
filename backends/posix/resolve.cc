#include "backends/posix/resolve.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/posix/lookup.h"
#include "transport/endpoint.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/network_name.h"

namespace plumb {
namespace {

absl::Status CheckLookup(const Connector& limits, const std::string& host) {
  return Annotate(limits.Check(), absl::StrCat("lookup ", host));
}

// All addresses of `endpoint` that `network` can use, in the order of trying.
absl::StatusOr<std::vector<IpAddr>> Resolve(absl::string_view network,
                                            const Endpoint& endpoint,
                                            const Connector& limits) {
  if (!endpoint.needs_lookup()) return std::vector<IpAddr>{endpoint.ip};
  absl::Status status = CheckLookup(limits, endpoint.host);
  if (!status.ok()) return status;
  const absl::StatusOr<std::vector<IpAddr>> ips = LookupHost(endpoint.host);
  status = CheckLookup(limits, endpoint.host);
  if (!status.ok()) return status;
  if (!ips.ok()) return ips.status();
  return FilterFamily(network, endpoint.host, *ips);
}

// A machine may be able to listen on "::" and yet not to connect to it.
bool NeedsIpv4Too(absl::string_view network, const std::vector<IpAddr>& ips) {
  return ips.size() == 1 && ips[0] == IpAddr::AnyV6() &&
         ParseNetworkName(network).family == AddressFamily::kAny;
}

}  // namespace

absl::StatusOr<std::vector<IpPort>> ResolveForDial(absl::string_view network,
                                                   absl::string_view address,
                                                   const Connector& limits) {
  if (address.empty()) {
    return OpError(absl::StatusCode::kInvalidArgument, ErrorInfo(),
                   "missing address");
  }
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(network, address);
  if (!endpoint.ok()) return endpoint.status();
  absl::StatusOr<std::vector<IpAddr>> ips = Resolve(network, *endpoint, limits);
  if (!ips.ok()) return ips.status();
  if (NeedsIpv4Too(network, *ips)) ips->push_back(IpAddr::AnyV4());
  std::vector<IpPort> targets;
  for (const IpAddr& ip : *ips) targets.push_back({ip, endpoint->port});
  return targets;
}

absl::StatusOr<IpPort> ResolveForListen(absl::string_view network,
                                        absl::string_view address,
                                        const Connector& limits) {
  const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(network, address);
  if (!endpoint.ok()) return endpoint.status();
  const absl::StatusOr<std::vector<IpAddr>> ips =
      Resolve(network, *endpoint, limits);
  if (!ips.ok()) return ips.status();
  for (const IpAddr& ip : *ips) {
    if (ip.is_v4()) return IpPort{ip, endpoint->port};
  }
  return IpPort{ips->front(), endpoint->port};
}

}  // namespace plumb
