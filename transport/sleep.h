// Sleeping that scopes can end, on threads and on fibers, on any clock.
//
//   plumb::CancelScope scope(stop);
//   while (plumb::SleepFor(absl::Seconds(30)).ok()) Report();
//
// Errors: `sleep: operation was canceled` (IsCancelledCall) and `sleep: i/o
// timeout` (IsTimeout), from the scopes around the call. A sleep is never short
// otherwise.
#ifndef PLUMB_TRANSPORT_SLEEP_H_
#define PLUMB_TRANSPORT_SLEEP_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/clock.h"

namespace plumb {

// Zero and less look at the scopes and return.
absl::Status SleepFor(absl::Duration duration, Clock& clock = Clock::Real());
absl::Status SleepUntil(absl::Time when, Clock& clock = Clock::Real());

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SLEEP_H_
