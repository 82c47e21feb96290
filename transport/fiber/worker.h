// A Worker is a thread that runs fibers, one at a time. A fiber that waits
// switches straight to the next that is ready; when there is none, or from time
// to time, to the worker's own loop, which looks at descriptors, timers and
// what other threads have sent.
//
// For the scheduler.
//
// Threads: what says so, any; the rest belongs to the worker.
#ifndef PLUMB_TRANSPORT_FIBER_WORKER_H_
#define PLUMB_TRANSPORT_FIBER_WORKER_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "transport/clock.h"
#include "transport/fiber/context.h"
#include "transport/fiber/fiber_waiter.h"
#include "transport/fiber/poller.h"
#include "transport/fiber/timer_heap.h"

namespace plumb {

class Scheduler;

class Worker {
 public:
  Worker(Scheduler& scheduler, MonotonicNanos spin)
      : scheduler_(scheduler), spin_(spin) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // That of the calling thread; null on others.
  static Worker* Current() { return current_; }

  // Runs fibers until the scheduler has stopped. `processor` to stay on, or -1.
  void Run(int processor);

  Scheduler& scheduler() const { return scheduler_; }
  Poller& poller() { return poller_; }
  TimerHeap& timers() { return timers_; }
  // On whose stack the thread is; null in the loop. Others see it late.
  FiberWaiter* running() const {
    return running_.load(std::memory_order_relaxed);
  }
  // Not older than the last look around.
  MonotonicNanos recent_time() const { return recent_time_; }

  // Wakes `fiber`, whose home this is.
  void WakeHere(FiberWaiter& fiber) {
    if (fiber.state_.Wake()) ready_.Push(fiber);
  }
  // Any other thread: wakes it soon.
  void Post(FiberWaiter& fiber);
  // Wakes those who were posted.
  void TakeInbox();
  // Any thread: `fiber` has not started yet. It may start elsewhere.
  void StartSoon(FiberWaiter& fiber);
  // Any thread: one that has not started, null for none.
  FiberWaiter* TakeUnstarted();
  bool has_unstarted() const {
    return unstarted_size_.load(std::memory_order_seq_cst) > 0;
  }
  // Any thread: the loop calls `request` soon; false when it has ended.
  bool Post(absl::AnyInvocable<void()> request);
  // Any thread: false when it did not sleep.
  bool WakeIfAsleep();

  // Called by the fiber `self` alone, when it has to wait. In worker_switch.h.
  void Suspend(FiberWaiter& self);
  // The same, to let others run.
  void YieldFrom(FiberWaiter& self);
  // The next of these goes back to the loop, which looks around.
  void EndPass() { switches_left_ = 1; }

  // One that is not in use.
  FiberWaiter& TakeFree();

  // In the loop: calls `function` on the stack of `fiber`, which is suspended
  // here.
  void CallOnStackOf(FiberWaiter& fiber, absl::FunctionRef<void()> function);

 private:
  // So many at a time: where their pages are not known to the processor, it
  // looks for several of them side by side, and waits for each that it meets
  // alone.
  static constexpr int kPrefetched = 4;

  // First in, first out, linked through next_.
  class Queue {
   public:
    bool empty() const { return first_ == nullptr; }
    bool is_long() const { return size_ >= 2 * kPrefetched; }
    FiberWaiter* first() const { return first_; }
    void Push(FiberWaiter& fiber) {
      fiber.next_ = nullptr;
      (first_ == nullptr ? first_ : last_->next_) = &fiber;
      last_ = &fiber;
      ++size_;
    }
    FiberWaiter* Pop() {
      FiberWaiter* const fiber = first_;
      if (fiber == nullptr) return nullptr;
      first_ = fiber->next_;
      --size_;
      return fiber;
    }

   private:
    FiberWaiter* first_ = nullptr;
    FiberWaiter* last_ = nullptr;
    size_t size_ = 0;
  };

  static void Main(void* fiber);

  bool Stopped() const;
  bool HasWork() const;
  void TakeOwnUnstarted();
  bool Steal();
  void LookAroundIfDue();
  void FireTimers(MonotonicNanos now);
  bool Spin();
  void Idle();
  void RunRequests();
  // Goes on with `next`, or with the loop when it is null.
  void SwitchFrom(FiberWaiter& self, FiberWaiter* next);
  // Brings the stacks of those who are next into the cache.
  void Prefetch();
  void Prepare(FiberWaiter& next);
  void Start(FiberWaiter& fiber);
  void Resume(FiberWaiter& fiber);
  void Retire(FiberWaiter& fiber);

  static constexpr int kMostInPass = 64;

  static inline thread_local Worker* current_ = nullptr;

  Scheduler& scheduler_;
  const MonotonicNanos spin_;
  Poller poller_;
  TimerHeap timers_;
  Queue ready_;
  std::atomic<FiberWaiter*> running_{nullptr};
  int pass_ = kMostInPass;  // how many switches the next pass has
  int switches_left_ = 0;
  int prefetch_in_ = 0;  // so many switches on a long queue
  int switches_since_look_ = 0;
  MonotonicNanos recent_time_ = 0;
  Context loop_;
  std::optional<ContextThread> thread_;
  FiberWaiter* ended_ = nullptr;
  const absl::FunctionRef<void()>* inspection_ = nullptr;
  std::vector<FiberWaiter*> free_;

  // From other threads; a stack, linked through next_posted_.
  alignas(64) std::atomic<FiberWaiter*> inbox_{nullptr};
  std::atomic<bool> asleep_{false};
  std::atomic<bool> has_requests_{false};
  std::atomic<size_t> unstarted_size_{0};
  absl::Mutex mutex_;
  std::deque<FiberWaiter*> unstarted_ ABSL_GUARDED_BY(mutex_);
  bool exited_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<absl::AnyInvocable<void()>> requests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_WORKER_H_
