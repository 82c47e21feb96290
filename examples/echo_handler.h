// The handler of an echo server: one function of a Conn&, for every network.
#ifndef PLUMB_EXAMPLES_ECHO_HANDLER_H_
#define PLUMB_EXAMPLES_ECHO_HANDLER_H_

#include <cstddef>

#include "absl/status/status.h"
#include "transport/conn.h"

namespace examples {

// Sends back what comes until the peer has finished, which is success. Takes
// `buffer_size` bytes at a time; a longer datagram is InvalidArgument.
absl::Status Echo(plumb::Conn& conn, size_t buffer_size = 16384);

}  // namespace examples

#endif  // PLUMB_EXAMPLES_ECHO_HANDLER_H_
