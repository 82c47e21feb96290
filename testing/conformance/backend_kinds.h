// What the backends have to say of themselves (transport_backend.h) that are or
// wrap tcp, udp or unix: as the kernel has it. `name` and `make` are left, and
// what else is different.
//
//   plumb::TransportBackend Counting() {
//     plumb::TransportBackend backend = plumb::LikeTcp("tcp4");
//     backend.name = "counting";
//     backend.make = [](plumb::Clock& clock) {
//       return Counting(plumb::MakeTcp(clock));
//     };
//     return backend;
//   }
//
// Extensions (`handles`, `multicast`) are off, as decorators hide what they do
// not name.
#ifndef PLUMB_TESTING_CONFORMANCE_BACKEND_KINDS_H_
#define PLUMB_TESTING_CONFORMANCE_BACKEND_KINDS_H_

#include "absl/strings/string_view.h"
#include "testing/conformance/transport_backend.h"

namespace plumb {

// `network` is that of errors; addresses say it without the 4 or 6 at its end.
// They are those of 127.0.0.1, or with "tcp6" and "udp6" of ::1.
TransportBackend LikeTcp(absl::string_view network);
TransportBackend LikeUdp(absl::string_view network);

// "unix" or "unixpacket". free_address gives abstract names, which leave no
// files.
TransportBackend LikeUnix(absl::string_view network);
TransportBackend LikeUnixgram();

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_BACKEND_KINDS_H_
