// A ManualClock whose calendar can be put forward or back, as an operator or
// ntpd does it, without any time passing.
#ifndef PLUMB_TESTING_CONFORMANCE_JUMPING_CLOCK_H_
#define PLUMB_TESTING_CONFORMANCE_JUMPING_CLOCK_H_

#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/manual_clock.h"

namespace plumb {

// Threads: Jump while nobody asks for the time.
class JumpingClock final : public Clock {
 public:
  // `clock` outlives it.
  explicit JumpingClock(ManualClock& clock) : clock_(clock) {}

  void Jump(absl::Duration by) { offset_ += by; }

  absl::Time TimeNow() const override { return clock_.TimeNow() + offset_; }
  MonotonicNanos MonotonicNow() const override { return clock_.MonotonicNow(); }
  AlarmClock* alarms() override { return clock_.alarms(); }

 private:
  ManualClock& clock_;
  absl::Duration offset_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_JUMPING_CLOCK_H_
