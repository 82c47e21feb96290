// How long a datagram can be.
#ifndef PLUMB_BACKENDS_UDP_UDP_LIMITS_H_
#define PLUMB_BACKENDS_UDP_UDP_LIMITS_H_

#include <cstddef>

#include "transport/ip_addr.h"

namespace plumb {

// What a datagram to `remote` can carry. A length field of 16 bits counts the
// UDP header as well, and over IPv4 also that of IPv4.
inline size_t MaxUdpMessageSize(const IpAddr& remote) {
  constexpr size_t kUdpHeader = 8, kIpv4Header = 20;
  constexpr size_t kOverIpv6 = 65535 - kUdpHeader;
  return remote.is_v6() ? kOverIpv6 : kOverIpv6 - kIpv4Header;
}

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UDP_UDP_LIMITS_H_
