#include "transport/scope.h"

#include <algorithm>
#include <utility>

namespace plumb {

Scope::Scope() : waiter_(Waiter::Current()), outer_(waiter_.scope()) {
  waiter_.set_scope(this);
}

Scope::~Scope() { waiter_.set_scope(outer_); }

class CancelSource::State {
 public:
  bool cancelled() const { return cancelled_.load(std::memory_order_acquire); }

  void Add(Waiter* waiter) {
    absl::MutexLock lock(&mutex_);
    waiters_.push_back(waiter);
  }

  void Remove(Waiter* waiter) {
    absl::MutexLock lock(&mutex_);
    waiters_.erase(std::find(waiters_.begin(), waiters_.end(), waiter));
  }

  void Cancel() {
    cancelled_.store(true, std::memory_order_release);
    std::vector<Waiter*> waiters;
    {
      absl::MutexLock lock(&mutex_);
      waiters = waiters_;
    }
    // Waiters are never freed: one that has left the scope sees a Wake for no
    // reason.
    for (Waiter* waiter : waiters) waiter->Wake();
  }

 private:
  std::atomic<bool> cancelled_{false};
  absl::Mutex mutex_;
  std::vector<Waiter*> waiters_ ABSL_GUARDED_BY(mutex_);
};

CancelSource::CancelSource() : state_(std::make_shared<State>()) {}

void CancelSource::Cancel() { state_->Cancel(); }

bool CancelSource::cancelled() const { return state_->cancelled(); }

CancelScope::CancelScope(CancelSource source) : source_(std::move(source)) {
  source_.state_->Add(&waiter());
}

CancelScope::~CancelScope() { source_.state_->Remove(&waiter()); }

void CancelScope::Watch(Waiter& waiter) { source_.state_->Add(&waiter); }

void CancelScope::Unwatch(Waiter& waiter) { source_.state_->Remove(&waiter); }

DeadlineScope::DeadlineScope(absl::Time when, Clock& clock)
    : clock_(clock), deadline_(clock.ToMonotonic(when)) {}

DeadlineScope::DeadlineScope(absl::Duration limit, Clock& clock)
    : clock_(clock), deadline_(clock.MonotonicAfter(limit)) {}

}  // namespace plumb
