// A port by its number or by the name of its service, as in Go:
//
//   ParsePort("tcp", "8080")    // 8080
//   ParsePort("tcp", "HTTP")    // 80
//   ParsePort("udp", "domain")  // 53
//   ParsePort("tcp", "")        // 0
//
// Threads: any. A name may make it read /etc/services (or what else the system
// asks about services), on the calling thread.
#ifndef PLUMB_TRANSPORT_PORT_H_
#define PLUMB_TRANSPORT_PORT_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace plumb {

// A number may have a sign ("+80", "-0"). A name is that of a service of
// `network`: for "tcp*" and "udp*" of that protocol, for any other of either,
// tcp's first. Upper and lower case are the same. The common names are built in
// and need nothing from the system; they win over it.
//
// Errors, the cause alone, to which a transport adds "dial tcp: ":
//   InvalidArgument  `address 65536: invalid port`
//   NotFound         `lookup tcp/nosuchsvc: unknown port`
absl::StatusOr<uint16_t> ParsePort(absl::string_view network,
                                   absl::string_view text);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_PORT_H_
