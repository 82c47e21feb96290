#include "transport/clock.h"

#include <algorithm>
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

// `after` is positive. kNever for what is too far away to say.
MonotonicNanos Later(MonotonicNanos than, absl::Duration after) {
  // ToInt64Nanoseconds rounds towards zero: a deadline must never be early.
  const int64_t nanos = absl::ToInt64Nanoseconds(after);
  if (nanos >= kNever - 1 - std::max<MonotonicNanos>(than, 0)) return kNever;
  return than + nanos + (absl::Nanoseconds(nanos) < after ? 1 : 0);
}

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

  MonotonicNanos ToMonotonic(absl::Time when) const override {
    const absl::Duration since = when - absl::UnixEpoch();
    if (since <= absl::ZeroDuration()) return 0;
    return Later(CalendarBegan(), since);
  }

 private:
  // When the calendar's epoch was on the monotonic scale, where it is negative.
  // The two clocks are compared once in a tick of the coarse clock: a server
  // that sets a deadline before each Read does so hundreds of times in one.
  MonotonicNanos CalendarBegan() const {
    struct Found {
      MonotonicNanos tick = -1;
      MonotonicNanos began = 0;
    };
    thread_local Found found;
    const MonotonicNanos tick = Read(CLOCK_MONOTONIC_COARSE);
    if (found.tick != tick) found = {tick, CompareClocks()};
    return found.began;
  }

  // The calendar first: whatever passes in between, a deadline is late. Where
  // the thread had to wait for a processor in between, that is a lot, and
  // hardly happens each time.
  MonotonicNanos CompareClocks() const {
    MonotonicNanos least = kNever;
    for (int i = 0; i < 3; ++i) {
      const int64_t calendar = absl::ToUnixNanos(TimeNow());
      least = std::min(least, MonotonicNow() - calendar);
    }
    return least;
  }
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
  return duration <= absl::ZeroDuration() ? now : Later(now, duration);
}

Clock& Clock::Real() {
  static RealClock* const clock = new RealClock;
  return *clock;
}

}  // namespace plumb
