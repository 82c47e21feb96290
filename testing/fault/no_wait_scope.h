// A call inside a NoWaitScope gives what it can give at once: where it would
// have to wait, it ends with IsTimeout.
//
//   plumb::NoWaitScope scope;
//   const absl::StatusOr<size_t> n = conn.Read(buffer);  // what is there
//
// A Read that comes after one that emptied its socket waits before it looks,
// once: who must not miss what is there looks again, in another scope.
//
// A deadline that has passed would not do, as it fails calls before they try.
// This one passes as soon as somebody waits for it.
//
// Threads: as any scope's.
#ifndef PLUMB_TESTING_FAULT_NO_WAIT_SCOPE_H_
#define PLUMB_TESTING_FAULT_NO_WAIT_SCOPE_H_

#include <atomic>

#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/scope.h"

namespace plumb {

// Stands still until an alarm is set, and then that is due.
class NoWaitClock final : public Clock, private AlarmClock {
 public:
  absl::Time TimeNow() const override;
  MonotonicNanos MonotonicNow() const override { return now_.load(); }
  AlarmClock* alarms() override { return this; }

 private:
  AlarmId CallAt(MonotonicNanos when,
                 absl::AnyInvocable<void()> callback) override;
  bool Cancel(AlarmId) override { return false; }

  std::atomic<MonotonicNanos> now_{0};
};

class NoWaitScope {
 public:
  NoWaitScope() : scope_(absl::Nanoseconds(1), clock_) {}
  NoWaitScope(const NoWaitScope&) = delete;
  NoWaitScope& operator=(const NoWaitScope&) = delete;

 private:
  NoWaitClock clock_;
  DeadlineScope scope_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_NO_WAIT_SCOPE_H_
