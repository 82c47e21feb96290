#include "transport/cond_var.h"

#include "transport/lock_table.h"
#include "transport/system_mutex.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

constexpr OpReason kReason("wait for a condition");

}  // namespace

absl::Status CondVar::Wait(Mutex& mutex) { return Wait(mutex, NoLimit()); }

absl::Status CondVar::WaitUntil(Mutex& mutex, absl::Time deadline,
                                Clock& clock) {
  return Wait(mutex, {clock, clock.ToMonotonic(deadline)});
}

absl::Status CondVar::WaitFor(Mutex& mutex, absl::Duration limit,
                              Clock& clock) {
  return Wait(mutex, {clock, clock.MonotonicAfter(limit)});
}

absl::Status CondVar::Wait(Mutex& mutex, WaitLimit limit) {
  SystemMutex& lock = LockFor(this);
  Waiting self;
  {
    SystemMutexLock hold(&lock);
    queue_.PushBack(self);
  }
  mutex.Unlock();
  // A loop that goes on after an error lets others run too.
  Waiter::Current().CountCall();
  const WaitState state = queue_.Wait(self, limit, kReason, lock);
  mutex.Lock();
  if (state == WaitState::kGo) return absl::OkStatus();
  return WaitError(state, "wait");
}

void CondVar::Signal() {
  LinkedList<Waiting> released;
  {
    SystemMutexLock lock(&LockFor(this));
    queue_.PopFront(released);
  }
  Release(released);
}

void CondVar::SignalAll() {
  LinkedList<Waiting> released;
  {
    SystemMutexLock lock(&LockFor(this));
    queue_.PopAll(released);
  }
  Release(released);
}

size_t CondVar::waiting() const {
  SystemMutexLock lock(&LockFor(this));
  return queue_.size();
}

}  // namespace plumb
