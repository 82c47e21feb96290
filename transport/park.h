// The limits of one wait: the deadline of a connection, of the scopes around
// the call, and whether they have passed; on whatever clocks they are.
//
// For those who write blocking primitives (call.h, event.h, sleep.h).
#ifndef PLUMB_TRANSPORT_PARK_H_
#define PLUMB_TRANSPORT_PARK_H_

#include <cstdint>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "transport/clock.h"
#include "transport/waiter.h"

namespace plumb {

enum class ScopeState : uint8_t { kGo, kCancelled, kTimeout };

// What the scopes of the waiter's owner say now; a cancellation before a
// deadline, whichever scope has it.
ScopeState CheckScopes(const Waiter& waiter);

// Makes sure that the waiter's next wait ends at the limits. Lives for one
// wait.
//
//   ParkLimits limits(waiter);
//   limits.Add(clock, deadline);
//   waiter.Park(limits.deadline(), &reason);
class ParkLimits {
 public:
  // With the limits of the owner's scopes.
  explicit ParkLimits(Waiter& waiter);
  ~ParkLimits();
  ParkLimits(const ParkLimits&) = delete;
  ParkLimits& operator=(const ParkLimits&) = delete;

  void Add(Clock& clock, MonotonicNanos when);

  // The earliest on the real clock; the others wake the waiter by themselves.
  MonotonicNanos deadline() const { return deadline_; }

 private:
  Waiter& waiter_;
  MonotonicNanos deadline_ = kNever;
  absl::InlinedVector<std::pair<AlarmClock*, AlarmClock::AlarmId>, 2> alarms_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_PARK_H_
