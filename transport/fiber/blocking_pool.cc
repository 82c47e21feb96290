#include "transport/fiber/blocking_pool.h"

#include <atomic>
#include <utility>

#include "absl/status/statusor.h"
#include "transport/clock.h"
#include "transport/held_mutex.h"
#include "transport/waiter.h"

namespace plumb {

// On the stack of the caller, which waits for `done`.
struct BlockingPool::Task {
  absl::FunctionRef<void()> function;
  Waiter& waiter;
  std::atomic<bool> done{false};
};

void BlockingPool::Run(absl::FunctionRef<void()> function,
                       const WaitReason& reason) {
  Task task{function, Waiter::Current()};
  if (!Add(task)) return function();
  ReportHeldMutex(task.waiter);
  while (!task.done.load(std::memory_order_acquire)) {
    task.waiter.Park(kNever, &reason);
  }
}

bool BlockingPool::Add(Task& task) {
  absl::MutexLock lock(&mutex_);
  const bool enough = static_cast<int>(tasks_.size()) < idle_;
  if (!enough && static_cast<int>(threads_.size()) < limit_) {
    absl::StatusOr<Thread> thread = Thread::Start([this] { Serve(); });
    if (thread.ok()) {
      threads_.push_back(*std::move(thread));
    } else if (threads_.empty()) {
      return false;
    }
  }
  tasks_.push_back(&task);
  return true;
}

void BlockingPool::Serve() {
  for (;;) {
    Task* task;
    {
      absl::MutexLock lock(&mutex_);
      ++idle_;
      const auto ready = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return stopped_ || !tasks_.empty();
      };
      mutex_.Await(absl::Condition(&ready));
      --idle_;
      if (tasks_.empty()) return;
      task = tasks_.front();
      tasks_.pop_front();
    }
    task->function();
    Waiter& waiter = task->waiter;
    task->done.store(true, std::memory_order_release);
    waiter.Wake();
  }
}

void BlockingPool::Stop() {
  std::vector<Thread> threads;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    threads.swap(threads_);
  }
  for (Thread& thread : threads) thread.Join();
}

}  // namespace plumb
