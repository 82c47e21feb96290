// An AlarmThread is the AlarmClock of a clock whose time passes by itself: a
// thread that calls functions when the time has come, started with the first.
//
// Threads: any method at any time; it may be destroyed on its own thread, by
// what it calls.
#ifndef PLUMB_BACKENDS_FAKE_ALARM_THREAD_H_
#define PLUMB_BACKENDS_FAKE_ALARM_THREAD_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "transport/clock.h"
#include "transport/thread.h"

namespace plumb {

class AlarmThread final : public AlarmClock {
 public:
  // `clock` outlives this.
  explicit AlarmThread(Clock& clock);
  AlarmThread(const AlarmThread&) = delete;
  AlarmThread& operator=(const AlarmThread&) = delete;
  // Forgets what has not been called, and waits for what is being called.
  ~AlarmThread();

  AlarmId CallAt(MonotonicNanos when,
                 absl::AnyInvocable<void()> callback) override;
  bool Cancel(AlarmId id) override;

 private:
  struct State;

  const std::shared_ptr<State> state_;
  Thread thread_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_ALARM_THREAD_H_
