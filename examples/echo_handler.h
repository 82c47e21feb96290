// The handlers of an echo server: one for the connections of every network, and
// one for datagrams from anybody.
#ifndef PLUMB_EXAMPLES_ECHO_HANDLER_H_
#define PLUMB_EXAMPLES_ECHO_HANDLER_H_

#include <cstddef>

#include "absl/status/status.h"
#include "transport/conn.h"
#include "transport/packet_conn.h"

namespace examples {

// Sends back what comes until the peer has finished, which is success. Takes
// `buffer_size` bytes at a time; a longer datagram is InvalidArgument. A buffer
// of 64 KiB at most lies on the stack: there an idle connection on a fiber
// shares a page with all else that the fiber keeps.
absl::Status Echo(plumb::Conn& conn, size_t buffer_size = 16384);

// Sends each datagram back to where it came from, until an error; drops those
// that are longer than `buffer_size` and those that cannot be sent back.
absl::Status EchoPackets(plumb::PacketConn& packets,
                         size_t buffer_size = 16384);

}  // namespace examples

#endif  // PLUMB_EXAMPLES_ECHO_HANDLER_H_
