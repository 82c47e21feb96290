#include "transport/clock.h"

#include <ctime>

#include "absl/time/clock.h"

namespace plumb {
namespace {

MonotonicNanos Read(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * MonotonicNanos{1000000000} + now.tv_nsec;
}

// More than CLOCK_MONOTONIC_COARSE is behind: it shows the last tick, of which
// the kernel has 100 to 1000 a second.
constexpr MonotonicNanos kTicks = 100 * 1000 * 1000;

class RealClock final : public Clock {
 public:
  absl::Time TimeNow() const override { return absl::Now(); }

  MonotonicNanos MonotonicNow() const override { return Read(CLOCK_MONOTONIC); }

  // The coarse clock does not ask the processor's counter, which takes most of
  // the time (clock_gettime(2)).
  bool HasPassed(MonotonicNanos when) const override {
    return Read(CLOCK_MONOTONIC_COARSE) + kTicks >= when &&
           MonotonicNow() >= when;
  }

  AlarmClock* alarms() override { return nullptr; }
};

}  // namespace

MonotonicNanos Clock::ToMonotonic(absl::Time when) const {
  if (when == absl::InfiniteFuture()) return kNever;
  // The calendar first: whatever time passes in between, the deadline is late.
  const absl::Duration left = when - TimeNow();
  return MonotonicAfter(left);
}

MonotonicNanos Clock::MonotonicAfter(absl::Duration duration) const {
  const MonotonicNanos now = MonotonicNow();
  if (duration <= absl::ZeroDuration()) return now;
  // ToInt64Nanoseconds rounds towards zero: a deadline must never be early.
  const MonotonicNanos nanos = absl::ToInt64Nanoseconds(duration);
  if (nanos >= kNever - 1 - now) return kNever;
  return now + nanos + (absl::Nanoseconds(nanos) < duration ? 1 : 0);
}

Clock& Clock::Real() {
  static RealClock* const clock = new RealClock;
  return *clock;
}

}  // namespace plumb
