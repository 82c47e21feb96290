// How much a Capture keeps, and what its time is.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURE_OPTIONS_H_
#define PLUMB_TESTING_CAPTURE_CAPTURE_OPTIONS_H_

#include <cstddef>

#include "transport/clock.h"

namespace plumb {

struct CaptureOptions {
  // The time of packets; outlives the Capture and what it sees. Give it the
  // clock of the network.
  Clock* clock = &Clock::Real();

  // Of packets, with their headers: when there are more, the oldest go. Of a
  // fake network, as many again that are on their way. Memory is taken as it is
  // needed.
  size_t max_bytes = size_t{8} << 20;

  // The most data in one TCP segment of IPv4: Ethernet's. From 1 to 65487. In
  // IPv6, whose header is longer, it is 20 bytes less.
  size_t tcp_mss = 1460;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURE_OPTIONS_H_
