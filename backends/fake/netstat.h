// The sockets of a host of a fake network as a table, like that of netstat(8).
//
//   std::cout << plumb::FormatNetstat(host->Netstat());
//
//   network unread in flight local            remote           state
//   tcp          0         0 10.0.0.1:5432                     LISTEN
//   tcp        512         0 10.0.0.1:5432    10.0.0.2:32768   CLOSE_WAIT
#ifndef PLUMB_BACKENDS_FAKE_NETSTAT_H_
#define PLUMB_BACKENDS_FAKE_NETSTAT_H_

#include <cstddef>
#include <string>

#include "absl/types/span.h"
#include "transport/addr.h"

namespace plumb {

struct NetstatRow {
  std::string network;
  Addr local;
  Addr remote;           // none of a listener, and of an unconnected socket
  std::string state;     // see below; empty for unconnected datagrams
  size_t unread = 0;     // bytes to read; of a listener, connections to accept
  size_t in_flight = 0;  // bytes sent that have not arrived
};

// The states of a stream are Linux's:
//
//   LISTEN
//   SYN_SENT     who dials, and waits for an answer, or for room in a backlog
//   SYN_RECV     who has answered, and waits for the dialler's ACK
//   ESTABLISHED
//   FIN_WAIT1    the end was written
//   FIN_WAIT2    ... and has come to the peer
//   CLOSE_WAIT   the peer's end has come
//   CLOSING      both were written, and one's own, the first, is under way
//   LAST_ACK     the same of the second one
//   TIME_WAIT    both have come, and the first to end has been closed
//
// and of a Conn that is still open, of which Linux shows TIME_WAIT or nothing:
//
//   CLOSED       both have come
//   RESET
//
// What arrives is acknowledged there and then, and without a policy it arrives
// at once: then SYN_RECV, FIN_WAIT1, CLOSING and LAST_ACK are over before
// anybody can look, and SYN_SENT is of full backlogs alone. A Conn that was
// closed is not shown, whatever of it is under way, but for one that keeps its
// port (FakeNetworkOptions::time_wait): that is in TIME_WAIT once the peer's
// end has come, which after Close is told by the peer's, and in FIN_WAIT2
// before.

// In lines, with a head.
std::string FormatNetstat(absl::Span<const NetstatRow> rows);

// One that has a row, or none as yet: one without a network.
class NetstatSource {
 public:
  // May be called with the lock of the network held.
  virtual NetstatRow Row() const = 0;

 protected:
  ~NetstatSource() = default;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_NETSTAT_H_
