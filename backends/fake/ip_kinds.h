// What kinds of addresses there are on a fake network, as its sockets tell
// them apart.
#ifndef PLUMB_BACKENDS_FAKE_IP_KINDS_H_
#define PLUMB_BACKENDS_FAKE_IP_KINDS_H_

#include <cstdint>

#include "transport/ip_addr.h"

namespace plumb {

// The interfaces of a host.
constexpr uint32_t kLoopback = 1;  // "lo"
constexpr uint32_t kEthernet = 2;  // "eth0"

// Of 127.0.0.0/8, which is one host.
constexpr IpAddr kLoopbackBroadcast = IpAddr::V4(127, 255, 255, 255);
// Of the link, whatever its addresses.
constexpr IpAddr kLimitedBroadcast = IpAddr::V4(255, 255, 255, 255);

// One of these, or that of 10.0.0.0/8, which is all hosts.
bool IsBroadcast(const IpAddr& ip);

// A group or a broadcast. A socket can be bound to it, but sends from an
// address of its host.
inline bool IsOfMany(const IpAddr& ip) {
  return ip.IsMulticast() || IsBroadcast(ip);
}

// Whether `ip` means another one on each link, so that it needs a zone.
bool IsOfLink(const IpAddr& ip);
// Whether it does, and does not tell of which.
inline bool NeedsZone(const IpAddr& ip) {
  return ip.zone() == 0 && IsOfLink(ip);
}
// `ip` without a zone that nobody asks for.
inline IpAddr DropIdleZone(const IpAddr& ip) {
  return IsOfLink(ip) ? ip : ip.WithZone(0);
}

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_IP_KINDS_H_
