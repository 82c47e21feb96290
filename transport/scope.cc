#include "transport/scope.h"

#include <utility>

#include "transport/system_mutex.h"

namespace plumb {

void AppendWaiters(const LinkedList<ScopeWatcher>& watchers,
                   std::vector<Waiter*>& waiters) {
  for (const ScopeWatcher* watcher = watchers.front(); watcher != nullptr;
       watcher = watchers.Next(*watcher)) {
    waiters.push_back(&watcher->waiter);
  }
}

void Scope::LookAgain() {
  // In this order: a cancellation that is not seen here has yet to tell.
  waiter_.set_scopes_may_end(false);
  for (const Scope* scope = waiter_.scope(); scope != nullptr;
       scope = scope->outer()) {
    if (!scope->may_end()) continue;
    waiter_.set_scopes_may_end(true);
    return;
  }
}

class CancelSource::State {
 public:
  const std::atomic<bool>& cancelled() const { return cancelled_; }

  void Add(ScopeWatcher& watcher) {
    SystemMutexLock lock(&mutex_);
    watchers_.PushBack(watcher);
  }

  void Remove(ScopeWatcher& watcher) {
    SystemMutexLock lock(&mutex_);
    watchers_.Remove(watcher);
  }

  void Cancel() {
    cancelled_.store(true, std::memory_order_seq_cst);
    std::vector<Waiter*> waiters;
    {
      SystemMutexLock lock(&mutex_);
      AppendWaiters(watchers_, waiters);
    }
    // Waiters are never freed: one that has left the scope sees a Wake for no
    // reason.
    for (Waiter* waiter : waiters) waiter->WakeForScopes();
  }

 private:
  std::atomic<bool> cancelled_{false};
  SystemMutex mutex_;
  LinkedList<ScopeWatcher> watchers_ ABSL_GUARDED_BY(mutex_);
};

CancelSource::CancelSource() : state_(std::make_shared<State>()) {}

void CancelSource::Cancel() { state_->Cancel(); }

bool CancelSource::cancelled() const {
  return state_->cancelled().load(std::memory_order_acquire);
}

CancelScope::CancelScope(CancelSource source)
    : Scope(&source.state_->cancelled()),
      source_(std::move(source)),
      watcher_(waiter()) {
  Watch(watcher_);
  if (cancelled()) LookAgain();
}

CancelScope::~CancelScope() { Unwatch(watcher_); }

void CancelScope::Watch(ScopeWatcher& watcher) { source_.state_->Add(watcher); }

void CancelScope::Unwatch(ScopeWatcher& watcher) {
  source_.state_->Remove(watcher);
}

DeadlineScope::DeadlineScope(absl::Time when, Clock& clock)
    : Scope(clock, clock.ToMonotonic(when)) {}

DeadlineScope::DeadlineScope(absl::Duration limit, Clock& clock)
    : Scope(clock, clock.MonotonicAfter(limit)) {}

}  // namespace plumb
