// From where a Dial with DialOptions::local_address goes out, and to which of
// its targets it can:
//
//   ASSIGN_OR_RETURN(IpPort from,
//                    ResolveLocalAddress("tcp6", "tcp", resolve, targets));
#ifndef PLUMB_BACKENDS_LOCAL_ADDRESS_H_
#define PLUMB_BACKENDS_LOCAL_ADDRESS_H_

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {

// All addresses of a host: 0.0.0.0, ::, or none at all.
inline bool IsWildcard(const IpAddr& ip) {
  return !ip.is_valid() || ip.IsUnspecified();
}

// The local address as `resolve` finds it for a network; of several it must
// give the first of IPv4. `addr_network`, a literal, is `network` without its
// family. A written address may be of any family, as a wildcard of the other
// one will do. Of a name's addresses it is one from which a target can be
// reached. Targets that cannot be reached from it are dropped.
//
// Errors are causes: those of `resolve`, and InvalidArgument `address
// 127.0.0.1:0: no suitable address found` when it is not of the network's
// family, or no target is left.
absl::StatusOr<IpPort> ResolveLocalAddress(
    absl::string_view network, const char* addr_network,
    absl::FunctionRef<absl::StatusOr<IpPort>(absl::string_view network)>
        resolve,
    std::vector<IpPort>& targets);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_LOCAL_ADDRESS_H_
