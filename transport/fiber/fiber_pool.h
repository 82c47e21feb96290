// Fibers that are not in use, with their stacks; one pool for each stack size
// in the process. Those used last are used again first, and the memory of
// stacks that have lain idle for a while goes back to the system.
//
// For the scheduler.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_FIBER_FIBER_POOL_H_
#define PLUMB_TRANSPORT_FIBER_FIBER_POOL_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "transport/clock.h"
#include "transport/fiber/fiber_waiter.h"
#include "transport/fiber/stack.h"

namespace plumb {

class FiberPool {
 public:
  // How long a stack lies idle before its memory goes back: once to twice this.
  static constexpr MonotonicNanos kIdleTime = MonotonicNanos{10} * 1000000000;

  explicit FiberPool(size_t stack_size,
                     StackArena::Guard guard = StackArena::Guard::kBest)
      : arena_(stack_size, guard) {}
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  // The process's pool for fibers of `stack_size`. Never destroyed.
  static FiberPool& ForStackSize(size_t stack_size);

  // Calls `visit` for each fiber, in use or not, of ForStackSize's pools.
  static void ForEach(absl::FunctionRef<void(FiberWaiter&)> visit);

  // Appends `count` to `fibers`. Ends the program when there is no memory.
  void Take(size_t count, std::vector<FiberWaiter*>& fibers);

  // Takes the first `count` of `fibers` back.
  void Give(size_t count, std::vector<FiberWaiter*>& fibers);

  // Gives back the memory of those not used for long, if it is due.
  void GiveBackIdle(MonotonicNanos now);
  // When to call it next, kNever when there is nothing to give.
  MonotonicNanos due() const { return due_.load(std::memory_order_relaxed); }

  // Gives back the memory of all that are in the pool.
  void GiveBackAll();

 private:
  static constexpr size_t kChunk = 64;

  FiberWaiter* New() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  StackArena arena_;
  absl::Mutex mutex_;
  // By age: the last was used last. The first discarded_ hold no memory, and
  // the first untouched_ were not used since the last look.
  std::vector<FiberWaiter*> free_ ABSL_GUARDED_BY(mutex_);
  size_t discarded_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t untouched_ ABSL_GUARDED_BY(mutex_) = 0;
  MonotonicNanos next_look_ ABSL_GUARDED_BY(mutex_) = 0;
  // next_look_ if there is something to give; written with the lock.
  std::atomic<MonotonicNanos> due_{kNever};
  std::vector<std::unique_ptr<FiberWaiter[]>> chunks_ ABSL_GUARDED_BY(mutex_);
  size_t used_of_last_ ABSL_GUARDED_BY(mutex_) = kChunk;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_FIBER_POOL_H_
