#include "transport/manual_clock.h"

#include <algorithm>

namespace plumb {

ManualClock::ManualClock(absl::Time start) : start_(start) {}

absl::Time ManualClock::TimeNow() const {
  return start_ + absl::Nanoseconds(MonotonicNow());
}

MonotonicNanos ManualClock::MonotonicNow() const {
  absl::MutexLock lock(&mutex_);
  return now_;
}

size_t ManualClock::alarm_count() const {
  absl::MutexLock lock(&mutex_);
  return alarms_.size();
}

void ManualClock::AwaitAlarms(size_t count) const {
  absl::MutexLock lock(&mutex_);
  const auto enough = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return alarms_.size() >= count;
  };
  mutex_.Await(absl::Condition(&enough));
}

void ManualClock::Advance(absl::Duration step) {
  const MonotonicNanos now = MonotonicNow();
  const MonotonicNanos nanos =
      absl::ToInt64Nanoseconds(std::max(step, absl::ZeroDuration()));
  AdvanceTo(nanos < kNever - now ? now + nanos : kNever - 1);
}

bool ManualClock::AdvanceToNextAlarm() {
  MonotonicNanos when;
  {
    absl::MutexLock lock(&mutex_);
    if (alarms_.empty()) return false;
    when = alarms_.begin()->first.first;
  }
  AdvanceTo(when);
  return true;
}

void ManualClock::AdvanceTo(MonotonicNanos target) {
  for (;;) {
    absl::AnyInvocable<void()> callback;
    {
      absl::MutexLock lock(&mutex_);
      auto first = alarms_.begin();
      if (first == alarms_.end() || first->first.first > target) {
        now_ = std::max(now_, target);
        return;
      }
      now_ = std::max(now_, first->first.first);
      callback = std::move(first->second);
      times_.erase(first->first.second);
      alarms_.erase(first);
    }
    callback();
  }
}

AlarmClock::AlarmId ManualClock::CallAt(MonotonicNanos when,
                                        absl::AnyInvocable<void()> callback) {
  AlarmId id;
  {
    absl::MutexLock lock(&mutex_);
    id = next_id_++;
    if (when > now_) {
      times_.emplace(id, when);
      alarms_.emplace(Key(when, id), std::move(callback));
      return id;
    }
  }
  callback();
  return id;
}

bool ManualClock::Cancel(AlarmId id) {
  absl::AnyInvocable<void()> callback;  // destroyed without the lock
  absl::MutexLock lock(&mutex_);
  auto time = times_.find(id);
  if (time == times_.end()) return false;
  auto alarm = alarms_.find(Key(time->second, id));
  callback = std::move(alarm->second);
  alarms_.erase(alarm);
  times_.erase(time);
  return true;
}

}  // namespace plumb
