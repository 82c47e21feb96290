#include "transport/wait_queue.h"

namespace plumb {

void Release(LinkedList<Waiting>& released) {
  while (Waiting* const waiting = released.PopFront()) {
    // The Waiter is never freed; the rest goes when its owner sees the mark.
    Waiter& waiter = waiting->waiter_;
    waiting->released_.store(true, std::memory_order_release);
    waiter.Wake();
  }
}

size_t WaitQueue::size() const {
  size_t size = 0;
  for (const Waiting* one = queue_.front(); one != nullptr;
       one = queue_.Next(*one)) {
    ++size;
  }
  return size;
}

void WaitQueue::PushBack(Waiting& waiting) {
  waiting.queued_ = true;
  queue_.PushBack(waiting);
}

void WaitQueue::PopFront(LinkedList<Waiting>& released) {
  Waiting* const waiting = queue_.PopFront();
  if (waiting == nullptr) return;
  waiting->queued_ = false;
  released.PushBack(*waiting);
}

void WaitQueue::PopAll(LinkedList<Waiting>& released) {
  while (!queue_.empty()) PopFront(released);
}

WaitState WaitQueue::Wait(Waiting& waiting, WaitLimit limit,
                          const WaitReason& reason, SystemMutex& lock) {
  const auto released = [&] {
    return waiting.released_.load(std::memory_order_acquire);
  };
  const WaitState state = ParkUntil(waiting.waiter_, limit, reason, released);
  if (state == WaitState::kGo) return state;
  {
    SystemMutexLock hold(&lock);
    if (waiting.queued_) {
      queue_.Remove(waiting);
      return state;
    }
  }
  // Somebody has taken it out and is about to release it.
  while (!released()) waiting.waiter_.Park(kNever, &reason);
  return WaitState::kGo;
}

}  // namespace plumb
