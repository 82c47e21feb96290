// What the workers of a Runtime (runtime.h) share.
//
// Threads: any method at any time, except where it says otherwise.
#ifndef PLUMB_TRANSPORT_FIBER_SCHEDULER_H_
#define PLUMB_TRANSPORT_FIBER_SCHEDULER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "transport/clock.h"
#include "transport/fiber/blocking_pool.h"
#include "transport/fiber/fiber_pool.h"
#include "transport/fiber/runtime_options.h"
#include "transport/fiber/worker.h"
#include "transport/system_mutex.h"
#include "transport/thread.h"
#include "transport/waiter.h"

namespace plumb {

class Scheduler {
 public:
  // A fiber and its generation.
  using Started = std::pair<FiberWaiter*, uint64_t>;

  // Starts the workers.
  explicit Scheduler(const RuntimeOptions& options);
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  // After Stop.
  ~Scheduler() = default;

  // That of the calling thread; null where there is none.
  static Scheduler* Current();

  Started Spawn(absl::string_view name, absl::AnyInvocable<void()> function);

  // Cancels all fibers, those to come too.
  void Cancel();
  // Suspends until there is no fiber: true; false when `deadline` came first.
  bool AwaitNoFibers(MonotonicNanos deadline);
  // Ends the threads; once, when there is no fiber, by a thread that is none of
  // them.
  void Stop();

  size_t workers() const { return workers_.size(); }
  Worker& worker(size_t index) { return *workers_[index]; }
  int64_t fibers() const { return fibers_.load(std::memory_order_seq_cst); }
  bool cancelling() const {
    return cancelling_.load(std::memory_order_seq_cst);
  }
  bool stopped() const { return stopped_.load(std::memory_order_seq_cst); }
  FiberPool& pool() { return pool_; }
  BlockingPool& blocking_pool() { return blocking_pool_; }

  // For workers.
  void FiberEnded();
  void WakeOneAsleep();
  FiberWaiter* TakeUnstarted();
  bool HasUnstarted() const;

 private:
  FiberPool& pool_;
  BlockingPool blocking_pool_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Thread> threads_;
  std::atomic<size_t> next_worker_{0};
  std::atomic<int64_t> fibers_{0};
  std::atomic<bool> cancelling_{false};
  std::atomic<bool> stopped_{false};
  SystemMutex end_mutex_;
  // Those who wait until there are no fibers.
  std::vector<Waiter*> end_waiters_ ABSL_GUARDED_BY(end_mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_SCHEDULER_H_
