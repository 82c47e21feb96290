// The protocol of a raw IP network, "ip4:icmp", by its name or its number:
//
//   ParseIpProtocol("icmp")       // 1
//   ParseIpProtocol("IPv6-ICMP")  // 58
//   ParseIpProtocol("17")         // 17
//
// Threads: any. A name may make it read /etc/protocols (or what else the system
// asks about protocols), on the calling thread.
#ifndef PLUMB_TRANSPORT_IP_PROTOCOL_H_
#define PLUMB_TRANSPORT_IP_PROTOCOL_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace plumb {

// Upper and lower case are the same. The common names are built in and need
// nothing from the system.
//
// Errors: InvalidArgument `address icmp2: unknown IP protocol specified`, the
// cause alone, to which a transport adds "dial ip4:icmp2: ". It is also the
// answer to a number above 255, which no IP header can hold.
absl::StatusOr<uint8_t> ParseIpProtocol(absl::string_view text);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_IP_PROTOCOL_H_
