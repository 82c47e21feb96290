#include "transport/sleep.h"

#include "transport/error.h"
#include "transport/park.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

constexpr OpReason kReason("sleep");

absl::Status Sleep(MonotonicNanos until, Clock& clock) {
  Waiter& waiter = Waiter::Current();
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
    waiter.Park(limits.deadline(), &kReason);
  }
}

}  // namespace

absl::Status SleepFor(absl::Duration duration, Clock& clock) {
  return Sleep(clock.MonotonicAfter(duration), clock);
}

absl::Status SleepUntil(absl::Time when, Clock& clock) {
  return Sleep(clock.ToMonotonic(when), clock);
}

}  // namespace plumb
