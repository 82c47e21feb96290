// Which family of socket the networks tcp, tcp4, tcp6, udp, udp4 and udp6 take
// for an address, and such a socket.
//
// A network that ends in '4' or '6' is of that family alone. Without it, a
// wildcard listens on both at once through one IPv6 socket, where the system
// maps IPv4 addresses; everything else follows the address. IPV6_V6ONLY is
// always set, never left to the system's default.
//
// Unstable: for backends; it may change with any release.
//
// Threads: any.
#ifndef PLUMB_BACKENDS_POSIX_IP_SOCKET_H_
#define PLUMB_BACKENDS_POSIX_IP_SOCKET_H_

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/posix/descriptor.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {

struct IpFamily {
  int family;    // AF_INET or AF_INET6
  bool v6_only;  // of AF_INET6: no IPv4 through it
};

// Of a socket that is bound to `local`; an invalid IP is the wildcard.
IpFamily FamilyForListen(absl::string_view network, const IpAddr& local);

// Of a socket that connects to `remote`, from `local` (invalid for any).
IpFamily FamilyForDial(absl::string_view network, const IpAddr& local,
                       const IpAddr& remote);

// A socket of `family` and `type` (SOCK_STREAM, SOCK_DGRAM). Errors: causes of
// socket(2) and setsockopt(2), for ForOp.
absl::StatusOr<Descriptor> MakeIpSocket(IpFamily family, int type);

// Binds `fd`, a socket of `family` (AF_INET, AF_INET6). Errors: causes of
// bind(2), and of an address that this family does not have.
absl::Status BindIpSocket(int fd, int family, const IpPort& local);

// What every datagram and raw IP socket has: broadcast, as in Go, and the sizes
// of buffers that were asked for. Errors: causes of setsockopt(2).
absl::Status SetDatagramOptions(int fd, std::optional<int> send_buffer,
                                std::optional<int> receive_buffer);

// Whether an IPv6 socket can take IPv4 too. The system is asked until it
// answers, which it does not while it is out of descriptors or memory: then no.
bool SystemMapsIpv4();

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_IP_SOCKET_H_
