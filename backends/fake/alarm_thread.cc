#include "backends/fake/alarm_thread.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace plumb {

struct AlarmThread::State {
  explicit State(Clock& c) : clock(c) {}

  using Key = std::pair<MonotonicNanos, AlarmId>;

  void Run() {
    absl::MutexLock lock(&mutex);
    while (!stopped) {
      const MonotonicNanos next =
          alarms.empty() ? kNever : alarms.begin()->first.first;
      const MonotonicNanos now = clock.MonotonicNow();
      if (next > now) {
        changed.WaitWithTimeout(&mutex, next == kNever
                                            ? absl::InfiniteDuration()
                                            : absl::Nanoseconds(next - now));
        continue;
      }
      absl::AnyInvocable<void()> callback = std::move(alarms.begin()->second);
      alarms.erase(alarms.begin());
      mutex.Unlock();
      callback();
      callback = nullptr;
      mutex.Lock();
    }
  }

  Clock& clock;
  absl::Mutex mutex;
  absl::CondVar changed;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  bool started ABSL_GUARDED_BY(mutex) = false;
  AlarmId last_id ABSL_GUARDED_BY(mutex) = 0;
  std::map<Key, absl::AnyInvocable<void()>> alarms ABSL_GUARDED_BY(mutex);
};

AlarmThread::AlarmThread(Clock& clock)
    : state_(std::make_shared<State>(clock)) {}

AlarmThread::~AlarmThread() {
  std::map<State::Key, absl::AnyInvocable<void()>> forgotten;
  {
    absl::MutexLock lock(&state_->mutex);
    state_->stopped = true;
    forgotten.swap(state_->alarms);
    state_->changed.Signal();
  }
  if (!thread_.joinable()) return;
  if (thread_.is_current()) {
    thread_.Detach();
  } else {
    thread_.Join();
  }
}

AlarmClock::AlarmId AlarmThread::CallAt(MonotonicNanos when,
                                        absl::AnyInvocable<void()> callback) {
  absl::MutexLock lock(&state_->mutex);
  const AlarmId id = ++state_->last_id;
  state_->alarms.emplace(State::Key(when, id), std::move(callback));
  if (!std::exchange(state_->started, true)) {
    thread_ =
        Thread::StartOrDie("FakeNetwork", [state = state_] { state->Run(); });
  }
  state_->changed.Signal();
  return id;
}

bool AlarmThread::Cancel(AlarmId id) {
  absl::AnyInvocable<void()> cancelled;
  absl::MutexLock lock(&state_->mutex);
  auto it =
      std::find_if(state_->alarms.begin(), state_->alarms.end(),
                   [id](const auto& one) { return one.first.second == id; });
  if (it == state_->alarms.end()) return false;
  cancelled = std::move(it->second);
  state_->alarms.erase(it);
  return true;
}

}  // namespace plumb
