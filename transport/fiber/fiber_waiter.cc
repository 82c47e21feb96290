#include "transport/fiber/fiber_waiter.h"

#include <new>
#include <utility>
#include <vector>

#include "absl/base/optimization.h"
#include "transport/fiber/scheduler.h"
#include "transport/fiber/worker_switch.h"
#include "transport/lock_table.h"
#include "transport/system_mutex.h"

namespace plumb {

#if !defined(PLUMB_FIBER_ASAN) && !defined(PLUMB_FIBER_TSAN)
static_assert(sizeof(FiberWaiter) == 128, "two cache lines");
#endif

// Fiber::Cancel and the end of the Runtime.
class FiberWaiter::BodyScope final : public Scope {
 public:
  explicit BodyScope(FiberWaiter& fiber)
      : Scope(&fiber.cancelled_), fiber_(fiber) {}
  ~BodyScope() = default;

  void Watch(ScopeWatcher& watcher) override {
    SystemMutexLock lock(&LockFor(&fiber_));
    fiber_.body().watchers.PushBack(watcher);
  }
  void Unwatch(ScopeWatcher& watcher) override {
    SystemMutexLock lock(&LockFor(&fiber_));
    fiber_.body().watchers.Remove(watcher);
  }

 private:
  FiberWaiter& fiber_;
};

void FiberWaiter::Park(MonotonicNanos deadline, const WaitReason* reason) {
  Worker& worker = *home_.load(std::memory_order_relaxed);
  reason_ = reason;
  if (ABSL_PREDICT_FALSE(state_.posted())) worker.TakeInbox();
  if (!state_.BeginPark()) return;
  if (deadline != kNever) worker.timers().Arm(*this, deadline);
  ResetCalls();
  worker.Suspend(*this);
  Disarm();
}

void FiberWaiter::ParkOn(const Op& op, MonotonicNanos deadline,
                         const WaitReason* reason) {
  Poller& poller = home_.load(std::memory_order_relaxed)->poller();
  const auto woken = [this] { return state_.woken(); };
  Poller::Slot* const slot = poller.Enlist(*this, op, deadline, woken);
  if (slot == nullptr) return;
  Park(deadline, reason);
  Poller::Withdraw(*this, *slot);
}

void FiberWaiter::Wake() {
  Worker* const here = Worker::Current();
  if (here != nullptr && home_.load(std::memory_order_relaxed) == here) {
    here->WakeHere(*this);
  } else if (state_.Post()) {
    home_.load(std::memory_order_relaxed)->Post(*this);
    state_.Posted();
  }
}

void FiberWaiter::Yield() {
  Worker& worker = *home_.load(std::memory_order_relaxed);
  // Its calls took their time, and those of who comes next may as well.
  if (yields_for_calls()) worker.EndPass();
  ResetCalls();
  worker.YieldFrom(*this);
}

void FiberWaiter::RunBlocking(absl::FunctionRef<void()> function,
                              const WaitReason& reason) {
  home_.load(std::memory_order_relaxed)
      ->scheduler()
      .blocking_pool()
      .Run(function, reason);
}

uint64_t FiberWaiter::Begin(Worker& worker, absl::string_view name,
                            MonotonicNanos now,
                            absl::AnyInvocable<void()> function) {
  new (&body()) Body(std::move(function));
  body().began = now;
  ForgetOwner();
  state_.Reset();
  cancelled_.store(false, std::memory_order_relaxed);
  worker_.store(&worker, std::memory_order_relaxed);
  if (!name.empty()) name_ = std::make_unique<const std::string>(name);
  const uint64_t generation =
      generation_.fetch_add(1, std::memory_order_seq_cst) + 1;
  // Either this sees that the Runtime ends, or CancelFor sees the fiber.
  if (worker.scheduler().cancelling()) {
    cancelled_.store(true, std::memory_order_seq_cst);
  }
  return generation;
}

void FiberWaiter::RunBody() {
  const BodyScope scope(*this);
  body().function();
  // What it holds goes while its scopes still hold.
  body().function = nullptr;
}

void FiberWaiter::End() {
  std::unique_ptr<const std::string> name;
  Joiner* joiners;
  {
    SystemMutexLock lock(&LockFor(this));
    generation_.fetch_add(1, std::memory_order_acq_rel);
    name = std::move(name_);
    joiners = std::exchange(joiners_, nullptr);
    body().~Body();
  }
  while (joiners != nullptr) {
    Joiner& joiner = *joiners;
    joiners = joiner.next;
    Waiter& waiter = joiner.waiter;
    joiner.done.store(true, std::memory_order_release);
    waiter.Wake();
  }
}

bool FiberWaiter::AddJoiner(uint64_t generation, Joiner& joiner) {
  SystemMutexLock lock(&LockFor(this));
  if (generation_.load(std::memory_order_acquire) != generation) return false;
  joiner.next = joiners_;
  joiners_ = &joiner;
  return true;
}

bool FiberWaiter::Cancel(uint64_t generation) {
  std::vector<Waiter*> watchers;
  {
    SystemMutexLock lock(&LockFor(this));
    if (generation_.load(std::memory_order_acquire) != generation) return false;
    cancelled_.store(true, std::memory_order_seq_cst);
    AppendWaiters(body().watchers, watchers);
  }
  WakeForScopes();
  for (Waiter* waiter : watchers) waiter->WakeForScopes();
  return true;
}

void FiberWaiter::CancelFor(const Scheduler& scheduler) {
  {
    SystemMutexLock lock(&LockFor(this));
    const bool alive = generation_.load(std::memory_order_seq_cst) % 2 == 1;
    if (alive && &worker_.load()->scheduler() == &scheduler) {
      cancelled_.store(true, std::memory_order_seq_cst);
    }
  }
  WakeForScopes();
}

std::optional<std::string> FiberWaiter::CopyName(uint64_t generation) const {
  SystemMutexLock lock(&LockFor(this));
  if (generation_.load(std::memory_order_acquire) != generation) {
    return std::nullopt;
  }
  return name_ == nullptr ? std::string() : *name_;
}

}  // namespace plumb
