#include "transport/event.h"

#include "transport/lock_table.h"
#include "transport/system_mutex.h"
#include "transport/wait_reason.h"

namespace plumb {
namespace {

constexpr OpReason kReason("wait for an event");

}  // namespace

void Event::Notify() {
  LinkedList<Waiting> released;
  {
    SystemMutexLock lock(&LockFor(this));
    queue_.PopAll(released);
    // Last: who sees it may destroy the Event.
    happened_.store(true, std::memory_order_release);
  }
  Release(released);
}

bool Event::HasBeenNotified() const {
  return happened_.load(std::memory_order_acquire);
}

absl::Status Event::Wait() { return Wait(NoLimit()); }

absl::Status Event::WaitUntil(absl::Time deadline, Clock& clock) {
  return Wait({clock, clock.ToMonotonic(deadline)});
}

absl::Status Event::Wait(WaitLimit limit) {
  if (HasBeenNotified()) return absl::OkStatus();
  SystemMutex& lock = LockFor(this);
  Waiting self;
  {
    SystemMutexLock hold(&lock);
    if (HasBeenNotified()) return absl::OkStatus();
    queue_.PushBack(self);
  }
  const WaitState state = queue_.Wait(self, limit, kReason, lock);
  if (state == WaitState::kGo) return absl::OkStatus();
  return WaitError(state, "wait");
}

}  // namespace plumb
