#include "transport/endpoint.h"

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "transport/host_port.h"
#include "transport/network_name.h"
#include "transport/port.h"

namespace plumb {
namespace {

// The address that `host` writes out; an invalid one when it is a name, or
// empty.
absl::StatusOr<IpAddr> ParseLiteral(absl::string_view network,
                                    absl::string_view host) {
  const absl::StatusOr<IpAddr> ip = IpAddr::Parse(host);
  if (absl::IsNotFound(ip.status())) {
    return absl::NotFoundError(
        absl::StrCat("address ", host, ": no such network interface"));
  }
  if (!ip.ok()) return IpAddr();
  const auto usable = FilterFamily(network, host, {*ip});
  if (!usable.ok()) return usable.status();
  return usable->front();
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Endpoint& e) {
  return out << JoinHostPort(e.host, absl::StrCat(e.port));
}

absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view network,
                                       absl::string_view address) {
  Endpoint endpoint;
  if (address.empty()) return endpoint;
  if (ParseNetworkName(network).base == "ip") {
    endpoint.host = std::string(address);
  } else {
    absl::StatusOr<HostPort> parts = SplitHostPort(address);
    if (!parts.ok()) return parts.status();
    const absl::StatusOr<uint16_t> port = ParsePort(network, parts->port);
    if (!port.ok()) return port.status();
    endpoint.host = std::move(parts->host);
    endpoint.port = *port;
  }
  const absl::StatusOr<IpAddr> ip = ParseLiteral(network, endpoint.host);
  if (!ip.ok()) return ip.status();
  endpoint.ip = *ip;
  return endpoint;
}

absl::StatusOr<std::vector<IpAddr>> FilterFamily(absl::string_view network,
                                                 absl::string_view host,
                                                 absl::Span<const IpAddr> ips) {
  const AddressFamily family = ParseNetworkName(network).family;
  std::vector<IpAddr> usable;
  for (const IpAddr& ip : ips) {
    if (MatchesFamily(family, ip)) usable.push_back(ip.Unmap());
  }
  if (usable.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("address ", host, ": no suitable address found"));
  }
  return usable;
}

}  // namespace plumb
