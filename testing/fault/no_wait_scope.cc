#include "testing/fault/no_wait_scope.h"

namespace plumb {

absl::Time NoWaitClock::TimeNow() const {
  return absl::UnixEpoch() + absl::Nanoseconds(MonotonicNow());
}

AlarmClock::AlarmId NoWaitClock::CallAt(MonotonicNanos when,
                                        absl::AnyInvocable<void()> callback) {
  now_ = when;
  callback();
  return 0;
}

}  // namespace plumb
