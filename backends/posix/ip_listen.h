// What Listen and ListenPacket do over tcp and udp alike: resolve the address,
// make and bind a socket for it, and ask which address that is.
//
//   absl::StatusOr<BoundSocket> bound =
//       BindIp(clock, network, "tcp", address, options.timeout,
//              [&](IpFamily family, const IpPort& local) { return ...; });
//
// Unstable: for backends; it may change with any release.
//
// Threads: any.
#ifndef PLUMB_BACKENDS_POSIX_IP_LISTEN_H_
#define PLUMB_BACKENDS_POSIX_IP_LISTEN_H_

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/ip_socket.h"
#include "transport/addr.h"
#include "transport/clock.h"
#include "transport/ip_addr.h"

namespace plumb {

struct BoundSocket {
  Descriptor fd;
  Addr local;  // as getsockname(2) tells it
  IpFamily family;
};

// `open` makes a socket that is bound to the address it is given; its errors
// are causes for ForOp. `addr_network` is what Addrs say, a literal. Errors: of
// "listen", complete.
absl::StatusOr<BoundSocket> BindIp(
    Clock& clock, absl::string_view network, const char* addr_network,
    absl::string_view address, absl::Duration timeout,
    absl::FunctionRef<absl::StatusOr<Descriptor>(IpFamily, const IpPort&)>
        open);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_IP_LISTEN_H_
