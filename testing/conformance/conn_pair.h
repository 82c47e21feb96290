// Ways to make the pair of a ConnBackend out of a Transport.
//
// Threads, errors: as Transport.
#ifndef PLUMB_TESTING_CONFORMANCE_CONN_PAIR_H_
#define PLUMB_TESTING_CONFORMANCE_CONN_PAIR_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "testing/conformance/conn_backend.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

struct PairOptions {
  std::string network;
  std::string address;  // to listen at; port 0 is a free one
  DialOptions dial;
  ListenOptions listen;
  // The Listener hears of a dialler by its first message.
  bool by_datagram = false;
};

// `near` is dialled, `far` accepted; the Listener is closed.
absl::StatusOr<ConnPair> DialAndAccept(Transport& transport,
                                       const PairOptions& options);

// `near` is a unixgram socket that is dialled, with a name of its own, `far`
// the PacketConn there.
absl::StatusOr<ConnPair> DialUnixgram(Transport& transport);

// The same pair from the other side.
inline ConnPair Swapped(ConnPair pair) {
  return ConnPair{std::move(pair.far), std::move(pair.near)};
}

// A peer for a dialled Conn of a network that has no Listener: what `packets`
// receives, and what it sends to `peer`. It has no WaitReadable.
std::unique_ptr<Conn> ConnOverPackets(std::unique_ptr<PacketConn> packets,
                                      Addr peer);

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_CONN_PAIR_H_
