// A Clock is where deadlines get their time from. It is injected, never read
// directly, so that a test can hold time still.
//
//   plumb::ManualClock clock;                  // manual_clock.h
//   plumb::FakeNetworkOptions options;
//   options.clock = &clock;
//   plumb::FakeNetwork network(options);
//   ...
//   clock.Advance(absl::Seconds(5));           // what waited for 5 s times out
//
// A Conn's clock is its Transport's; it must outlive both.
//
// Two scales: TimeNow is the calendar's, which may jump; MonotonicNow only goes
// forward, and it is what waits use. A deadline that a user gives as an
// absl::Time becomes monotonic when it is set (ToMonotonic).
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_CLOCK_H_
#define PLUMB_TRANSPORT_CLOCK_H_

#include <cstdint>
#include <limits>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"

namespace plumb {

// Nanoseconds on a Clock's monotonic scale.
using MonotonicNanos = int64_t;

// Later than any time: no deadline.
inline constexpr MonotonicNanos kNever =
    std::numeric_limits<MonotonicNanos>::max();

// Calls functions when the time has come, for clocks whose time does not pass
// by itself.
class AlarmClock {
 public:
  using AlarmId = uint64_t;

  // Calls `callback` once, on whatever thread moves the time to `when` or past
  // it; at once and on this thread when `when` has passed. The callback must
  // not block.
  virtual AlarmId CallAt(MonotonicNanos when,
                         absl::AnyInvocable<void()> callback) = 0;

  // True when the callback will not be called; false when it was, or is being
  // called at this moment.
  virtual bool Cancel(AlarmId id) = 0;

 protected:
  ~AlarmClock() = default;
};

class Clock {
 public:
  virtual ~Clock() = default;

  virtual absl::Time TimeNow() const = 0;
  virtual MonotonicNanos MonotonicNow() const = 0;

  // MonotonicNow() >= when, for less when that is far from true.
  virtual bool HasPassed(MonotonicNanos when) const {
    return MonotonicNow() >= when;
  }

  // Null when this clock is the kernel's CLOCK_MONOTONIC, so that waits use the
  // kernel's own timeouts; otherwise what waits must be woken by.
  virtual AlarmClock* alarms() = 0;

  // `when` on the monotonic scale: kNever for absl::InfiniteFuture() and for
  // times too far away to say, a time in the past for any `when` that is not
  // after TimeNow(). Of a calendar that is set meanwhile it may not know yet
  // for a tick of the kernel's clock, 10 ms at most.
  virtual MonotonicNanos ToMonotonic(absl::Time when) const;

  // The time `duration` from now on the monotonic scale: a past one for zero
  // and less, kNever for what is too far away to say.
  MonotonicNanos MonotonicAfter(absl::Duration duration) const;

  // The machine's clock. Never destroyed.
  static Clock& Real();
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_CLOCK_H_
