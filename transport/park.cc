#include "transport/park.h"

#include <algorithm>
#include <string>

#include "transport/error.h"

namespace plumb {

void ParkLimits::CancelAlarms() {
  for (const auto& [clock, id] : alarms_) clock->Cancel(id);
}

void ParkLimits::AddDeadline(Clock& clock, MonotonicNanos when) {
  AlarmClock* const alarms = clock.alarms();
  if (alarms == nullptr) {
    deadline_ = std::min(deadline_, when);
    return;
  }
  // The Waiter is never freed, so that the alarm may come late.
  alarms_.emplace_back(
      alarms, alarms->CallAt(when, [waiter = &waiter_] { waiter->Wake(); }));
}

WaitLimit NoLimit() { return {Clock::Real(), kNever}; }

WaitState CheckLimits(const Waiter& waiter, WaitLimit limit) {
  switch (CheckScopes(waiter)) {
    case ScopeState::kCancelled:
      return WaitState::kCancelled;
    case ScopeState::kTimeout:
      return WaitState::kScopeTimeout;
    case ScopeState::kGo:
      break;
  }
  const bool passed =
      limit.deadline != kNever && limit.clock.HasPassed(limit.deadline);
  return passed ? WaitState::kTimeout : WaitState::kGo;
}

WaitState ParkUntil(Waiter& waiter, WaitLimit limit, const WaitReason& reason,
                    absl::FunctionRef<bool()> done) {
  while (!done()) {
    const WaitState state = CheckLimits(waiter, limit);
    if (state != WaitState::kGo) return state;
    ParkLimits limits(waiter);
    limits.Add(limit.clock, limit.deadline);
    waiter.Park(limits.deadline(), &reason);
  }
  return WaitState::kGo;
}

absl::Status WaitError(WaitState state, absl::string_view op) {
  ErrorInfo info;
  info.op = std::string(op);
  if (state == WaitState::kCancelled) return CancelledError(std::move(info));
  if (state == WaitState::kScopeTimeout) info.kind = ErrorKind::kScopeTimeout;
  return TimeoutError(std::move(info));
}

}  // namespace plumb
