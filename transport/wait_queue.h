// Those who wait for one object, in the order of coming, and how they are let
// go: under the object's lock they are moved from its queue to a list of the
// caller's, which Release wakes without the lock.
//
//   LinkedList<Waiting> released;
//   {
//     SystemMutexLock lock(&LockFor(this));
//     queue_.PopFront(released);
//   }
//   Release(released);
//
// Nothing of the object is touched by Release, nor by who is released: each of
// the two may destroy it as soon as the other is done with the lock.
//
// For those who write blocking primitives.
//
// Threads: as it says.
#ifndef PLUMB_TRANSPORT_WAIT_QUEUE_H_
#define PLUMB_TRANSPORT_WAIT_QUEUE_H_

#include <atomic>
#include <cstddef>

#include "transport/linked_list.h"
#include "transport/park.h"
#include "transport/system_mutex.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {

// One who waits, on the stack of the wait.
class Waiting : public LinkedList<Waiting>::Node {
 public:
  explicit Waiting(size_t n = 1) : amount(n), waiter_(Waiter::Current()) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  // How much of something it waits for.
  const size_t amount;

 private:
  friend class WaitQueue;
  friend void Release(LinkedList<Waiting>& released);

  Waiter& waiter_;
  bool queued_ = false;  // with the lock
  std::atomic<bool> released_{false};
};

// Any thread, without the lock: those in the list go on.
void Release(LinkedList<Waiting>& released);

class WaitQueue {
 public:
  // With the lock:
  bool empty() const { return queue_.empty(); }
  const Waiting* front() const { return queue_.front(); }
  size_t size() const;
  void PushBack(Waiting& waiting);
  void PopFront(LinkedList<Waiting>& released);
  void PopAll(LinkedList<Waiting>& released);

  // Without it: suspends until `waiting`, which was queued, is released: kGo;
  // or until a limit, which takes it out of the queue.
  WaitState Wait(Waiting& waiting, WaitLimit limit, const WaitReason& reason,
                 SystemMutex& lock);

 private:
  LinkedList<Waiting> queue_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_WAIT_QUEUE_H_
