#include "transport/semaphore.h"

#include "transport/lock_table.h"
#include "transport/system_mutex.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

constexpr OpReason kReason("acquire of a semaphore");

}  // namespace

absl::Status Semaphore::Acquire(size_t count) {
  return Acquire(count, NoLimit());
}

absl::Status Semaphore::AcquireUntil(absl::Time deadline, size_t count,
                                     Clock& clock) {
  return Acquire(count, {clock, clock.ToMonotonic(deadline)});
}

absl::Status Semaphore::Acquire(size_t count, WaitLimit limit) {
  Waiter& waiter = Waiter::Current();
  waiter.CountCall();
  WaitState state = CheckLimits(waiter, limit);
  if (state != WaitState::kGo) return WaitError(state, "acquire");
  SystemMutex& lock = LockFor(this);
  Waiting self(count);
  {
    SystemMutexLock hold(&lock);
    if (TryTake(count)) return absl::OkStatus();
    queue_.PushBack(self);
  }
  state = queue_.Wait(self, limit, kReason, lock);
  if (state == WaitState::kGo) return absl::OkStatus();
  // Those behind may want less.
  Release(0);
  return WaitError(state, "acquire");
}

bool Semaphore::TryTake(size_t count) {
  if (!queue_.empty() || permits_ < count) return false;
  permits_ -= count;
  return true;
}

bool Semaphore::TryAcquire(size_t count) {
  SystemMutexLock lock(&LockFor(this));
  return TryTake(count);
}

void Semaphore::Release(size_t count) {
  LinkedList<Waiting> released;
  {
    SystemMutexLock lock(&LockFor(this));
    permits_ += count;
    Grant(released);
  }
  plumb::Release(released);
}

void Semaphore::Grant(LinkedList<Waiting>& released) {
  while (!queue_.empty() && queue_.front()->amount <= permits_) {
    permits_ -= queue_.front()->amount;
    queue_.PopFront(released);
  }
}

size_t Semaphore::permits() const {
  SystemMutexLock lock(&LockFor(this));
  return permits_;
}

size_t Semaphore::waiting() const {
  SystemMutexLock lock(&LockFor(this));
  return queue_.size();
}

}  // namespace plumb
