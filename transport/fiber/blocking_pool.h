// A few threads for work that blocks, started when they are needed.
//
// For the scheduler; run_blocking.h is for users.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_FIBER_BLOCKING_POOL_H_
#define PLUMB_TRANSPORT_FIBER_BLOCKING_POOL_H_

#include <deque>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "transport/thread.h"
#include "transport/wait_reason.h"

namespace plumb {

class BlockingPool {
 public:
  // With `threads` threads at most, one at least.
  explicit BlockingPool(int threads) : limit_(threads > 0 ? threads : 1) {}
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  // After Stop.
  ~BlockingPool() = default;

  // Calls `function` on one of the threads; suspends the caller until it has
  // returned, and for as long as all are busy before. Where the system has no
  // thread for the pool at all, calls it here, which blocks the caller's own.
  void Run(absl::FunctionRef<void()> function, const WaitReason& reason);

  // Ends the threads; nobody runs anything any more.
  void Stop();

 private:
  struct Task;

  // Queues `task` for a thread; false when there is none and none to be had.
  bool Add(Task& task);
  void Serve();

  const int limit_;
  absl::Mutex mutex_;
  std::deque<Task*> tasks_ ABSL_GUARDED_BY(mutex_);
  int idle_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<Thread> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_BLOCKING_POOL_H_
