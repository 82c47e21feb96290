// The parts of a network's name:
//
//   ParseNetworkName("tcp6")      // base "tcp", family kV6
//   ParseNetworkName("ip4:icmp")  // base "ip", family kV4, protocol "icmp"
//   ParseNetworkName("unix")      // base "unix", family kAny
//
// Whether there is such a network is for the transport to say.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TRANSPORT_NETWORK_NAME_H_
#define PLUMB_TRANSPORT_NETWORK_NAME_H_

#include <cstdint>
#include <optional>
#include <ostream>

#include "absl/strings/string_view.h"
#include "transport/ip_addr.h"

namespace plumb {

// Which IP addresses a network can use.
enum class AddressFamily : uint8_t { kAny, kV4, kV6 };
std::ostream& operator<<(std::ostream& out, AddressFamily family);

// True when `ip` is of `family`. A v4-mapped address counts as IPv4.
bool MatchesFamily(AddressFamily family, const IpAddr& ip);

// Points into the text that it was parsed from.
struct NetworkName {
  absl::string_view name;  // up to the first colon: "ip4"
  absl::string_view base;  // without the digit of the family: "ip"
  AddressFamily family = AddressFamily::kAny;
  std::optional<absl::string_view> protocol;  // after the colon: "icmp"
};

// A 4 or 6 at the end of the name, after something else, is the family.
NetworkName ParseNetworkName(absl::string_view network);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_NETWORK_NAME_H_
