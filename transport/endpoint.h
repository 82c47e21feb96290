// What an address text of an IP network says, before any name is resolved.
//
//   ASSIGN_OR_RETURN(Endpoint endpoint, ParseEndpoint("tcp4", "db:http"));
//   std::vector<IpAddr> ips = {endpoint.ip};    // literal or wildcard
//   if (endpoint.needs_lookup()) {
//     ASSIGN_OR_RETURN(ips, MyResolver(endpoint.host));
//     ASSIGN_OR_RETURN(ips, FilterFamily("tcp4", endpoint.host, ips));
//   }
//   ... IpPort{ips[0], endpoint.port} ...
//
// Every backend with IP addresses goes this way, whether it asks getaddrinfo or
// knows its hosts by itself; so they agree on families, ports and error texts.
//
// Errors are the cause alone, as Go words it; a transport adds "dial tcp: ".
//
// Threads: any; a service's name may read /etc/services (port.h).
#ifndef PLUMB_TRANSPORT_ENDPOINT_H_
#define PLUMB_TRANSPORT_ENDPOINT_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "transport/ip_addr.h"

namespace plumb {

struct Endpoint {
  std::string host;  // as it was written, without brackets; empty: the wildcard
  IpAddr ip;         // of a literal host, unmapped; else invalid
  uint16_t port = 0;  // 0 for raw IP

  // The host is a name that somebody has to resolve.
  bool needs_lookup() const { return !host.empty() && !ip.is_valid(); }

  friend bool operator==(const Endpoint& a, const Endpoint& b) {
    return a.host == b.host && a.ip == b.ip && a.port == b.port;
  }
  friend bool operator!=(const Endpoint& a, const Endpoint& b) {
    return !(a == b);
  }
  friend bool operator<(const Endpoint& a, const Endpoint& b) {
    return std::tie(a.host, a.ip, a.port) < std::tie(b.host, b.ip, b.port);
  }
  template <typename H>
  friend H AbslHashValue(H h, const Endpoint& e) {
    return H::combine(std::move(h), e.host, e.ip, e.port);
  }
};
// "db:80", "[::1]:80", ":80".
std::ostream& operator<<(std::ostream& out, const Endpoint& e);

// `address` is "host:port"; for the networks of raw IP ("ip", "ip4:icmp", ...)
// a host alone. An empty one is the wildcard and port 0: for listening that is
// an address, for dialling the caller says "missing address".
//
// Errors:
//   InvalidArgument  `address 1:2:3: too many colons in address` (host_port.h),
//                    `address 99999: invalid port` (port.h),
//                    `address ::1: no suitable address found` for a literal of
//                    another family than the network's ("tcp4" with ::1, "tcp6"
//                    with 127.0.0.1 or ::ffff:127.0.0.1)
//   NotFound         `lookup tcp/nosuchsvc: unknown port` (port.h),
//                    `address fe80::1%nope: no such network interface`
absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view network,
                                       absl::string_view address);

// Those of `ips`, unmapped and in their order, that `network` can use; at least
// one. `host` is the name that they are the addresses of.
//
// Errors: InvalidArgument `address HOST: no suitable address found`.
absl::StatusOr<std::vector<IpAddr>> FilterFamily(absl::string_view network,
                                                 absl::string_view host,
                                                 absl::Span<const IpAddr> ips);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_ENDPOINT_H_
