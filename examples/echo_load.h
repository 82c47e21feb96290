// The other side of an echo server: clients that send, check what comes back
// and take the time.
#ifndef PLUMB_EXAMPLES_ECHO_LOAD_H_
#define PLUMB_EXAMPLES_ECHO_LOAD_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/transport.h"

namespace examples {

struct EchoLoad {
  std::string network;
  std::string address;
  int clients = 1;      // each with a connection and a fiber
  int messages = 1000;  // of each client, one after the other
  int size = 64;  // bytes in a message, at most 64 KiB: what fits into the
                  // buffers between two ends that both write first; on udp at
                  // most 65507
  // For the dial, and for each message there and back.
  absl::Duration timeout = absl::Seconds(10);
};

struct EchoReport {
  absl::Status status;    // the first error of a client, which ends the others
  uint64_t messages = 0;  // there and back
  uint64_t bytes = 0;     // there; as many came back
  absl::Duration elapsed;
  absl::Duration p50;  // of the time of one message there and back
  absl::Duration p99;

  double MessagesPerSecond() const;
};

// The error for a number that makes no sense on the network, by the name of its
// flag.
absl::Status CheckLoad(const EchoLoad& load);

// `done` counts messages as they come back, for whoever wants to watch. Called
// on a fiber.
EchoReport RunEchoLoad(plumb::Transport& transport, const EchoLoad& load,
                       std::atomic<uint64_t>& done);

}  // namespace examples

#endif  // PLUMB_EXAMPLES_ECHO_LOAD_H_
