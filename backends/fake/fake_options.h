// The sizes of a fake network, whose defaults are those of Linux or close to
// them.
#ifndef PLUMB_BACKENDS_FAKE_FAKE_OPTIONS_H_
#define PLUMB_BACKENDS_FAKE_FAKE_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet_observer.h"
#include "transport/clock.h"

namespace plumb {

struct FakeNetworkOptions {
  // What deadlines are measured on; outlives the network and all its Conns.
  Clock* clock = &Clock::Real();

  // Of a stream, in bytes: what one direction holds is the sender's send buffer
  // and the receiver's receive buffer together.
  size_t send_buffer = 64 * 1024;
  size_t receive_buffer = 64 * 1024;

  // What may wait to be read at a datagram socket, in bytes, and on unixgram
  // also in messages: one more than this, as for net.unix.max_dgram_qlen.
  size_t datagram_buffer = 208 * 1024;
  size_t unixgram_queue = 10;

  // How many connections may wait at a Listener, unless ListenOptions says.
  int backlog = 4096;

  // The ports that are given out for port 0 and to who dials, both included.
  uint16_t first_port = 32768;
  uint16_t last_port = 60999;

  // How long the end of a tcp connection that was closed first keeps its port,
  // in TIME_WAIT; 60 s on Linux. By default not at all, so that a test that
  // moves no clock can use ports again.
  absl::Duration time_wait = absl::ZeroDuration();

  // Who judges the packets, and who sees them. With neither there are no
  // packets: bytes go from one end straight to the other, which is faster.
  std::shared_ptr<LinkPolicy> policy;
  std::shared_ptr<PacketObserver> observer;

  // Whether a network without an observer takes the one that a test's networks
  // have by default, where the test links such a thing (default_observer.h).
  bool default_observer = true;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_FAKE_OPTIONS_H_
