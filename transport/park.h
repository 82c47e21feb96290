// The limits of one wait: the deadline of a connection, of the scopes around
// the call, and whether they have passed; on whatever clocks they are.
//
//   const WaitState state =
//       ParkUntil(waiter, {clock, deadline}, kReason, [&] { return done; });
//   if (state != WaitState::kGo) return WaitError(state, "wait");
//
// For those who write blocking primitives (call.h, event.h, sleep.h).
#ifndef PLUMB_TRANSPORT_PARK_H_
#define PLUMB_TRANSPORT_PARK_H_

#include <cstdint>
#include <utility>

#include "absl/base/optimization.h"
#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "transport/clock.h"
#include "transport/held_mutex.h"
#include "transport/scope.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {

enum class ScopeState : uint8_t { kGo, kCancelled, kTimeout };

// What the scopes of the waiter's owner say now; a cancellation before a
// deadline, whichever scope has it.
inline ScopeState CheckScopes(const Waiter& waiter) {
  if (!waiter.scopes_may_end()) return ScopeState::kGo;
  ScopeState state = ScopeState::kGo;
  for (const Scope* scope = waiter.scope(); scope != nullptr;
       scope = scope->outer()) {
    if (scope->cancelled()) return ScopeState::kCancelled;
    if (scope->deadline() != kNever &&
        scope->clock()->HasPassed(scope->deadline())) {
      state = ScopeState::kTimeout;
    }
  }
  return state;
}

// Makes sure that the waiter's next wait ends at the limits. Lives for one
// wait.
//
//   ParkLimits limits(waiter);
//   limits.Add(clock, deadline);
//   waiter.Park(limits.deadline(), &reason);
class ParkLimits {
 public:
  // With the limits of the owner's scopes.
  explicit ParkLimits(Waiter& waiter) : waiter_(waiter) {
    ReportHeldMutex(waiter);
    if (!waiter.scopes_may_end()) return;
    for (const Scope* scope = waiter.scope(); scope != nullptr;
         scope = scope->outer()) {
      if (scope->deadline() != kNever) Add(*scope->clock(), scope->deadline());
    }
  }
  ~ParkLimits() {
    if (ABSL_PREDICT_FALSE(!alarms_.empty())) CancelAlarms();
  }
  ParkLimits(const ParkLimits&) = delete;
  ParkLimits& operator=(const ParkLimits&) = delete;

  void Add(Clock& clock, MonotonicNanos when) {
    if (when != kNever) AddDeadline(clock, when);
  }

  // The earliest on the real clock; the others wake the waiter by themselves.
  MonotonicNanos deadline() const { return deadline_; }

 private:
  void AddDeadline(Clock& clock, MonotonicNanos when);
  void CancelAlarms();

  Waiter& waiter_;
  MonotonicNanos deadline_ = kNever;
  absl::InlinedVector<std::pair<AlarmClock*, AlarmClock::AlarmId>, 2> alarms_;
};

// The deadline of a call itself, beside those of the scopes around it.
struct WaitLimit {
  Clock& clock;
  MonotonicNanos deadline;
};

// The limit of a call without a deadline of its own.
WaitLimit NoLimit();

enum class WaitState : uint8_t {
  kGo,            // none of the below
  kCancelled,     // a scope was cancelled
  kScopeTimeout,  // a scope's deadline
  kTimeout,       // the call's own
};

// Which limit of a wait has been reached.
WaitState CheckLimits(const Waiter& waiter, WaitLimit limit);

// Suspends the owner of `waiter` until `done`, which goes before all others, or
// until a limit. Who makes `done` hold wakes the waiter after it.
WaitState ParkUntil(Waiter& waiter, WaitLimit limit, const WaitReason& reason,
                    absl::FunctionRef<bool()> done);

// The error of a wait that ended so (not kGo): `op: operation was canceled` or
// `op: i/o timeout`.
absl::Status WaitError(WaitState state, absl::string_view op);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_PARK_H_
