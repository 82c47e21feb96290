#include "transport/sleep.h"

#include "transport/park.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

constexpr OpReason kReason("sleep");

absl::Status Sleep(MonotonicNanos until, Clock& clock) {
  const WaitState state = ParkUntil(Waiter::Current(), {clock, until}, kReason,
                                    [] { return false; });
  // Its own deadline is what it has slept for.
  if (state == WaitState::kTimeout) return absl::OkStatus();
  return WaitError(state, "sleep");
}

}  // namespace

absl::Status SleepFor(absl::Duration duration, Clock& clock) {
  return Sleep(clock.MonotonicAfter(duration), clock);
}

absl::Status SleepUntil(absl::Time when, Clock& clock) {
  return Sleep(clock.ToMonotonic(when), clock);
}

}  // namespace plumb
