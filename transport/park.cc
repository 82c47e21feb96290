#include "transport/park.h"

#include <algorithm>

#include "transport/scope.h"

namespace plumb {

ScopeState CheckScopes(const Waiter& waiter) {
  ScopeState state = ScopeState::kGo;
  for (Scope* scope = waiter.scope(); scope != nullptr;
       scope = scope->outer()) {
    if (scope->cancelled()) return ScopeState::kCancelled;
    if (scope->deadline() != kNever &&
        scope->clock()->MonotonicNow() >= scope->deadline()) {
      state = ScopeState::kTimeout;
    }
  }
  return state;
}

ParkLimits::ParkLimits(Waiter& waiter) : waiter_(waiter) {
  for (Scope* scope = waiter.scope(); scope != nullptr;
       scope = scope->outer()) {
    if (scope->deadline() != kNever) Add(*scope->clock(), scope->deadline());
  }
}

ParkLimits::~ParkLimits() {
  for (const auto& [clock, id] : alarms_) clock->Cancel(id);
}

void ParkLimits::Add(Clock& clock, MonotonicNanos when) {
  if (when == kNever) return;
  AlarmClock* const alarms = clock.alarms();
  if (alarms == nullptr) {
    deadline_ = std::min(deadline_, when);
    return;
  }
  // The Waiter is never freed, so that the alarm may come late.
  alarms_.emplace_back(
      alarms, alarms->CallAt(when, [waiter = &waiter_] { waiter->Wake(); }));
}

}  // namespace plumb
