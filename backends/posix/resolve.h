// From what a user wrote ("db:http") to the addresses behind it.
//
//   ASSIGN_OR_RETURN(std::vector<IpPort> targets,
//                    ResolveForDial("tcp", address, connector));
//
// Errors are causes for ForOp (op_error.h): those of endpoint.h and lookup.h,
// and `lookup NAME: i/o timeout` when the limits of `limits` or of a scope
// around the call passed before or during the look-up of a name, which they
// cannot interrupt (lookup.h).
//
// Unstable: for backends; it may change with any release.
//
// Threads: any. A name blocks the thread.
#ifndef PLUMB_BACKENDS_POSIX_RESOLVE_H_
#define PLUMB_BACKENDS_POSIX_RESOLVE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/posix/connector.h"
#include "transport/addr.h"

namespace plumb {

// The addresses to try one after the other; at least one. An empty host is this
// machine, an invalid IP, which connect takes for the loopback. Where "::" is
// asked for 0.0.0.0 is tried too, so that a listener's address can be dialled.
// Errors also: InvalidArgument `missing address` for an empty one.
absl::StatusOr<std::vector<IpPort>> ResolveForDial(absl::string_view network,
                                                   absl::string_view address,
                                                   const Connector& limits);

// The one address to bind to, of several the first of IPv4. An empty host, and
// an empty `address`, is an invalid IP, for the wildcard.
absl::StatusOr<IpPort> ResolveForListen(absl::string_view network,
                                        absl::string_view address,
                                        const Connector& limits);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_RESOLVE_H_
