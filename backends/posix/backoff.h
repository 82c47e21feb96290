// How long to pause before the next try of what cannot be waited for: 1 ms,
// then twice as long each time, up to 50 ms.
//
// Two things on unix sockets fail with EAGAIN while poll says that they would
// succeed: connect when the listener's queue is full, and sendto when the
// receiver's queue is full. Waiting for readiness would spin.
//
//   Backoff backoff;
//   while (call.Run(op) && op.error() == EAGAIN && call.Pause(backoff.Next()))
//   {
//   }
//
// Unstable: for backends; it may change with any release.
#ifndef PLUMB_BACKENDS_POSIX_BACKOFF_H_
#define PLUMB_BACKENDS_POSIX_BACKOFF_H_

#include <algorithm>

#include "absl/time/time.h"

namespace plumb {

class Backoff {
 public:
  absl::Duration Next() {
    const absl::Duration pause = next_;
    next_ = std::min(2 * next_, absl::Milliseconds(50));
    return pause;
  }

 private:
  absl::Duration next_ = absl::Milliseconds(1);
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_BACKOFF_H_
