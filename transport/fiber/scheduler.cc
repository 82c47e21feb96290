#include "transport/fiber/scheduler.h"

#include <sched.h>

#include <algorithm>

#include "absl/time/time.h"
#include "transport/fiber/stack_overflow.h"
#include "transport/wait_reason.h"

namespace plumb {
namespace {

constexpr OpReason kEnding("shutdown of a Runtime");

std::vector<int> UsableProcessors() {
  std::vector<int> processors;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(static_cast<size_t>(i), &set)) processors.push_back(i);
    }
  }
  // Without an answer one worker, anywhere.
  if (processors.empty()) processors.push_back(-1);
  return processors;
}

// Called by the signal handler.
bool DescribeOverflow(const void* address, StackOverflow* overflow) {
  const Worker* const worker = Worker::Current();
  if (worker == nullptr || worker->running() == nullptr) return false;
  const FiberWaiter& fiber = *worker->running();
  if (!StackArena::InGuard(fiber.stack(), address)) return false;
  overflow->name = fiber.name();
  overflow->stack_size = fiber.stack().size;
  return true;
}

}  // namespace

Scheduler::Scheduler(const RuntimeOptions& options)
    : pool_(FiberPool::ForStackSize(options.stack_size)),
      blocking_pool_(options.blocking_threads) {
  CatchStackOverflow(&DescribeOverflow);
  const std::vector<int> processors = UsableProcessors();
  const size_t count = options.workers > 0
                           ? static_cast<size_t>(options.workers)
                           : processors.size();
  const MonotonicNanos spin = absl::ToInt64Nanoseconds(options.spin);
  for (size_t i = 0; i < count; ++i) {
    workers_.push_back(std::make_unique<Worker>(*this, spin));
  }
  for (size_t i = 0; i < count; ++i) {
    const int processor =
        options.pin_workers ? processors[i % processors.size()] : -1;
    threads_.push_back(Thread::StartOrDie(
        "Runtime",
        [worker = workers_[i].get(), processor] { worker->Run(processor); }));
  }
}

Scheduler* Scheduler::Current() {
  const Worker* const worker = Worker::Current();
  return worker == nullptr ? nullptr : &worker->scheduler();
}

Scheduler::Started Scheduler::Spawn(absl::string_view name,
                                    absl::AnyInvocable<void()> function) {
  Worker* const here = Worker::Current();
  const bool inside = here != nullptr && &here->scheduler() == this;
  Worker& worker =
      inside ? *here
             : *workers_[next_worker_.fetch_add(1, std::memory_order_relaxed) %
                         workers_.size()];
  FiberWaiter* fiber;
  if (inside) {
    fiber = &worker.TakeFree();
  } else {
    std::vector<FiberWaiter*> one;
    pool_.Take(1, one);
    fiber = one[0];
  }
  const MonotonicNanos now =
      inside ? worker.recent_time() : Clock::Real().MonotonicNow();
  fibers_.fetch_add(1, std::memory_order_relaxed);
  const uint64_t generation =
      fiber->Begin(worker, name, now, std::move(function));
  worker.StartSoon(*fiber);
  return {fiber, generation};
}

void Scheduler::Cancel() {
  cancelling_.store(true, std::memory_order_seq_cst);
  FiberPool::ForEach([this](FiberWaiter& fiber) { fiber.CancelFor(*this); });
}

void Scheduler::FiberEnded() {
  if (fibers_.fetch_sub(1, std::memory_order_seq_cst) != 1) return;
  std::vector<Waiter*> waiters;
  {
    SystemMutexLock lock(&end_mutex_);
    waiters = end_waiters_;
  }
  for (Waiter* waiter : waiters) waiter->Wake();
}

bool Scheduler::AwaitNoFibers(MonotonicNanos deadline) {
  Waiter& waiter = Waiter::Current();
  {
    SystemMutexLock lock(&end_mutex_);
    end_waiters_.push_back(&waiter);
  }
  while (fibers() != 0) {
    if (Clock::Real().MonotonicNow() >= deadline) break;
    waiter.Park(deadline, &kEnding);
  }
  SystemMutexLock lock(&end_mutex_);
  end_waiters_.erase(
      std::find(end_waiters_.begin(), end_waiters_.end(), &waiter));
  return fibers() == 0;
}

void Scheduler::Stop() {
  stopped_.store(true, std::memory_order_seq_cst);
  for (const auto& worker : workers_) worker->WakeIfAsleep();
  for (Thread& thread : threads_) thread.Join();
  blocking_pool_.Stop();
  pool_.GiveBackAll();
}

void Scheduler::WakeOneAsleep() {
  for (const auto& worker : workers_) {
    if (worker->WakeIfAsleep()) return;
  }
}

FiberWaiter* Scheduler::TakeUnstarted() {
  for (const auto& worker : workers_) {
    if (FiberWaiter* fiber = worker->TakeUnstarted()) return fiber;
  }
  return nullptr;
}

bool Scheduler::HasUnstarted() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) {
    return worker->has_unstarted();
  });
}

}  // namespace plumb
