#include "transport/sleep.h"

#include "transport/error.h"
#include "transport/park.h"
#include "transport/waiter.h"

namespace plumb {

absl::Status SleepFor(absl::Duration duration, Clock& clock) {
  return SleepUntil(clock.TimeNow() + duration, clock);
}

absl::Status SleepUntil(absl::Time when, Clock& clock) {
  Waiter& waiter = Waiter::Current();
  const MonotonicNanos until = clock.ToMonotonic(when);
  for (;;) {
    ErrorInfo info;
    info.op = "sleep";
    switch (CheckScopes(waiter)) {
      case ScopeState::kCancelled:
        return CancelledError(info);
      case ScopeState::kTimeout:
        info.kind = ErrorKind::kScopeTimeout;
        return TimeoutError(info);
      case ScopeState::kGo:
        break;
    }
    if (until != kNever && clock.MonotonicNow() >= until) {
      return absl::OkStatus();
    }
    ParkLimits limits(waiter);
    limits.Add(clock, until);
    waiter.Park(limits.deadline());
  }
}

}  // namespace plumb
