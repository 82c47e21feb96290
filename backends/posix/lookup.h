// The addresses of a host name, from the system's resolver (getaddrinfo(3)).
//
// It blocks the thread, or of fibers the calling one alone, and neither a
// deadline nor a scope can end it: callers check both before and after.
//
// Unstable: for backends; it may change with any release.
//
// Threads: any.
#ifndef PLUMB_BACKENDS_POSIX_LOOKUP_H_
#define PLUMB_BACKENDS_POSIX_LOOKUP_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "transport/ip_addr.h"

namespace plumb {

// The addresses of `host`, in the order in which to try them (RFC 6724); at
// least one. `host` is a name, not a literal address, and "127.0.0.01" is
// neither. Nobody is asked for names below "onion" (RFC 7686).
//
// Errors, causes for ForOp: NotFound `lookup HOST: no such host`
// (IsNoSuchHost); Unavailable `lookup HOST: Temporary failure in name
// resolution`, when the name server cannot be asked.
absl::StatusOr<std::vector<IpAddr>> LookupHost(absl::string_view host);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_LOOKUP_H_
