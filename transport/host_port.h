// Addresses as people write them: a host and a port with a colon between.
//
//   SplitHostPort("[fe80::1%eth0]:http")   // {"fe80::1%eth0", "http"}
//   SplitHostPort(":80")                   // {"", "80"}
//   JoinHostPort("::1", "80")              // "[::1]:80"
//
// A host with a colon in it, which means an IPv6 address, stands in brackets.
// Nothing else is looked at: the host may be a name, the port that of a service
// (port.h); endpoint.h does the whole.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TRANSPORT_HOST_PORT_H_
#define PLUMB_TRANSPORT_HOST_PORT_H_

#include <ostream>
#include <string>
#include <tuple>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace plumb {

struct HostPort {
  std::string host;  // without brackets
  std::string port;

  friend bool operator==(const HostPort& a, const HostPort& b) {
    return a.host == b.host && a.port == b.port;
  }
  friend bool operator!=(const HostPort& a, const HostPort& b) {
    return !(a == b);
  }
  friend bool operator<(const HostPort& a, const HostPort& b) {
    return std::tie(a.host, a.port) < std::tie(b.host, b.port);
  }
  template <typename H>
  friend H AbslHashValue(H h, const HostPort& p) {
    return H::combine(std::move(h), p.host, p.port);
  }
};
// As JoinHostPort.
std::ostream& operator<<(std::ostream& out, const HostPort& p);

// Errors: InvalidArgument with Go's text, `address 1:2:3: too many colons in
// address`. It is only the cause: a transport puts "dial tcp: " before it.
absl::StatusOr<HostPort> SplitHostPort(absl::string_view text);

// "host:port", or "[host]:port" when the host has a colon in it.
std::string JoinHostPort(absl::string_view host, absl::string_view port);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_HOST_PORT_H_
