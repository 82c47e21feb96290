// A ManualClock stands still until it is told to move, for tests of timeouts
// that take no time and never flake.
//
//   plumb::ManualClock clock;
//   plumb::FakeNetworkOptions options;
//   options.clock = &clock;
//   plumb::FakeNetwork network(options);
//   std::thread client([&] { result = Check(network.Host("a")); });
//   clock.AwaitAlarms(1);                 // the client waits, with a deadline
//   clock.Advance(absl::Seconds(3));      // and now it has passed
//   client.join();
//
// Threads: any method at any time, but one thread at a time moves the clock.
// Callbacks run on that thread, one by one in order of their time, with no lock
// held.
#ifndef PLUMB_TRANSPORT_MANUAL_CLOCK_H_
#define PLUMB_TRANSPORT_MANUAL_CLOCK_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "transport/clock.h"

namespace plumb {

class ManualClock final : public Clock, public AlarmClock {
 public:
  // An arbitrary, fixed time: nothing may depend on the real date.
  ManualClock() : ManualClock(absl::FromUnixSeconds(1600000000)) {}
  explicit ManualClock(absl::Time start);

  // Moves the time forward by `step` (not negative), stopping at each alarm on
  // the way, so that an alarm sees exactly its own time.
  void Advance(absl::Duration step);

  // Moves the time to the next alarm and runs all that are due then; false when
  // there is none.
  bool AdvanceToNextAlarm();

  // Blocks the calling thread, with all fibers on it, until at least `count`
  // alarms are set. A call that waits sets one for its own deadline, if it has
  // one on this clock, and one for each DeadlineScope around it.
  void AwaitAlarms(size_t count) const;

  // How many alarms are set.
  size_t alarm_count() const;

  absl::Time TimeNow() const override;
  MonotonicNanos MonotonicNow() const override;
  AlarmClock* alarms() override { return this; }

  AlarmId CallAt(MonotonicNanos when,
                 absl::AnyInvocable<void()> callback) override;
  bool Cancel(AlarmId id) override;

 private:
  using Key = std::pair<MonotonicNanos, AlarmId>;

  // Runs the alarms up to `target` in order and leaves the time there.
  void AdvanceTo(MonotonicNanos target);

  const absl::Time start_;
  mutable absl::Mutex mutex_;
  MonotonicNanos now_ ABSL_GUARDED_BY(mutex_) = 0;
  AlarmId next_id_ ABSL_GUARDED_BY(mutex_) = 1;
  std::map<Key, absl::AnyInvocable<void()>> alarms_ ABSL_GUARDED_BY(mutex_);
  std::map<AlarmId, MonotonicNanos> times_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_MANUAL_CLOCK_H_
