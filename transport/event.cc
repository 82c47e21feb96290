#include "transport/event.h"

#include <algorithm>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "transport/error.h"
#include "transport/park.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

constexpr OpReason kReason("wait for an event");

ErrorInfo WaitInfo(ErrorKind kind) {
  ErrorInfo info;
  info.op = "wait";
  info.kind = kind;
  return info;
}

}  // namespace

class Event::State {
 public:
  // Shared with a Notify that is still under way when the Event goes.
  void Notify() {
    std::vector<Waiter*> waiters;
    {
      absl::MutexLock lock(&mutex_);
      happened_ = true;
      waiters.swap(waiters_);
    }
    for (Waiter* waiter : waiters) waiter->Wake();
  }

  bool happened() const {
    absl::MutexLock lock(&mutex_);
    return happened_;
  }

  void Add(Waiter* waiter) {
    absl::MutexLock lock(&mutex_);
    waiters_.push_back(waiter);
  }

  void Remove(Waiter* waiter) {
    absl::MutexLock lock(&mutex_);
    auto it = std::find(waiters_.begin(), waiters_.end(), waiter);
    if (it != waiters_.end()) waiters_.erase(it);
  }

 private:
  mutable absl::Mutex mutex_;
  bool happened_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Waiter*> waiters_ ABSL_GUARDED_BY(mutex_);
};

Event::Event() : state_(std::make_shared<State>()) {}
Event::~Event() = default;

void Event::Notify() {
  const std::shared_ptr<State> state = state_;
  state->Notify();
}

bool Event::HasBeenNotified() const { return state_->happened(); }

absl::Status Event::Wait() { return WaitWithLimit(Clock::Real(), kNever); }

absl::Status Event::WaitUntil(absl::Time deadline, Clock& clock) {
  return WaitWithLimit(clock, clock.ToMonotonic(deadline));
}

absl::Status Event::WaitWithLimit(Clock& clock, MonotonicNanos deadline) {
  Waiter& waiter = Waiter::Current();
  for (;;) {
    state_->Add(&waiter);
    absl::Status status;
    bool happened = state_->happened();
    if (!happened) {
      const ScopeState scopes = CheckScopes(waiter);
      if (scopes == ScopeState::kCancelled) {
        status = CancelledError(WaitInfo(ErrorKind::kOther));
      } else if (scopes == ScopeState::kTimeout) {
        status = TimeoutError(WaitInfo(ErrorKind::kScopeTimeout));
      } else if (deadline != kNever && clock.MonotonicNow() >= deadline) {
        status = TimeoutError(WaitInfo(ErrorKind::kOther));
      } else {
        ParkLimits limits(waiter);
        limits.Add(clock, deadline);
        waiter.Park(limits.deadline(), &kReason);
        happened = state_->happened();
      }
    }
    state_->Remove(&waiter);
    if (happened || !status.ok()) return status;
  }
}

}  // namespace plumb
