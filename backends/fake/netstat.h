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

// The states: LISTEN; ESTABLISHED; FIN_WAIT2, CLOSE_WAIT and CLOSED of a stream
// whose end was written, has come, or both; RESET. Of tcp connections that were
// closed and keep their port (FakeNetworkOptions::time_wait), FIN_WAIT2 and,
// when the peer's end has come, TIME_WAIT.

const char* StreamStateName(bool sent_end, bool got_end, bool was_reset);

// In lines, with a head.
std::string FormatNetstat(absl::Span<const NetstatRow> rows);

// One that has a row.
class NetstatSource {
 public:
  // May be called with the lock of the network held.
  virtual NetstatRow Row() const = 0;

 protected:
  ~NetstatSource() = default;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_NETSTAT_H_
