#include "testing/coop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <ctime>
#include <functional>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "testing/coop_stack.h"
#include "transport/clock.h"
#include "transport/event.h"
#include "transport/scope.h"
#include "transport/waiter.h"

// There is no scheduler apart from the tasks: the one that suspends looks for
// the next that can run, or waits in poll(2) for all of them.
//
// A Wake from another thread interrupts that poll and waits until it is over:
// when Close has woken a task, poll does not hold its descriptor any more, and
// so ParksInSystemCall may be false.

namespace plumb {
namespace {

constexpr MonotonicNanos kSecond = 1000000000;

class Scheduler;

class CoopWaiter final : public Waiter {
 public:
  // Used again after its task has ended, but never freed.
  static CoopWaiter& Take(Scheduler* scheduler);
  void Give();

  void Park(MonotonicNanos deadline, const WaitReason* /*reason*/) override {
    Suspend(nullptr, deadline);
  }
  void ParkOn(const Op& op, MonotonicNanos deadline,
              const WaitReason* /*reason*/) override {
    Suspend(&op, deadline);
  }
  bool ParksInSystemCall() const override { return false; }
  void Wake() override;

  bool woken() const { return woken_.load(std::memory_order_acquire); }
  // What it waits for, as poll(2) takes it.
  const pollfd& wanted() const { return wanted_; }
  MonotonicNanos deadline() const { return deadline_; }
  void set_ready() { ready_ = true; }
  bool CanRun(MonotonicNanos now) const {
    return woken() || ready_ || now >= deadline_;
  }

  CoopStack* stack = nullptr;

 private:
  void Suspend(const Op* op, MonotonicNanos deadline);

  std::atomic<bool> woken_{false};
  bool ready_ = false;
  MonotonicNanos deadline_ = kNever;
  pollfd wanted_ = {-1, 0, 0};
  absl::Mutex mutex_;
  Scheduler* scheduler_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Scheduler* mine_ = nullptr;  // the same, for the owner
};

class Scheduler final : public Executor {
 public:
  Scheduler();
  ~Scheduler() override;

  std::unique_ptr<Task> Go(std::function<void()> body) override;
  void Yield() override;
  bool one_at_a_time() const override { return true; }

  // Runs others until `waiter` can go on.
  void Suspend(CoopWaiter& waiter);
  // From any thread: somebody can run now.
  void Poke();

  void Start(CoopWaiter& waiter) { tasks_.push_back(&waiter); }
  // Takes the running task out and runs another; does not return.
  void End(CoopWaiter& waiter);

 private:
  // The next after the one that ran last; null when none can.
  CoopWaiter* Pick();
  void Resume(CoopWaiter& from, CoopWaiter& to, bool last);
  // Looks which descriptors are ready; waits for something when `wait`.
  void Poll(bool wait);
  void SetPolling(bool polling);

  const pid_t thread_;
  const int wake_fd_;
  std::vector<CoopWaiter*> tasks_;
  size_t last_ = 0;  // index of the one that was picked last
  int picks_ = 0;
  CoopStack own_stack_;
  CoopWaiter& own_waiter_;

  absl::Mutex mutex_;
  bool polling_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t polls_ ABSL_GUARDED_BY(mutex_) = 0;  // that are over
};

class CoopTask final : public Task {
 public:
  CoopTask(Scheduler& scheduler, std::function<void()> body)
      : scheduler_(scheduler),
        body_(std::move(body)),
        waiter_(CoopWaiter::Take(&scheduler)),
        stack_(&CoopTask::Main, this) {
    waiter_.stack = &stack_;
    waiter_.Wake();
    scheduler_.Start(waiter_);
  }
  ~CoopTask() override {
    Join();
    waiter_.Give();
  }

  void Join() override {
    const ShieldScope shield;
    (void)done_.Wait();
  }

 private:
  static void Main(void* self) {
    auto& task = *static_cast<CoopTask*>(self);
    // The token that started it is no news.
    task.waiter_.Park(0, nullptr);
    task.body_();
    task.body_ = nullptr;
    task.done_.Notify();
    task.scheduler_.End(task.waiter_);
  }

  Scheduler& scheduler_;
  std::function<void()> body_;
  Event done_;
  CoopWaiter& waiter_;
  CoopStack stack_;
};

class Pool {
 public:
  static Pool& Get() {
    static Pool* const pool = new Pool;
    return *pool;
  }
  CoopWaiter* Take() {
    absl::MutexLock lock(&mutex_);
    if (free_.empty()) return new CoopWaiter;
    CoopWaiter* const waiter = free_.back();
    free_.pop_back();
    return waiter;
  }
  void Give(CoopWaiter* waiter) {
    absl::MutexLock lock(&mutex_);
    free_.push_back(waiter);
  }

 private:
  absl::Mutex mutex_;
  std::vector<CoopWaiter*> free_ ABSL_GUARDED_BY(mutex_);
};

CoopWaiter& CoopWaiter::Take(Scheduler* scheduler) {
  CoopWaiter* const waiter = Pool::Get().Take();
  absl::MutexLock lock(&waiter->mutex_);
  waiter->scheduler_ = waiter->mine_ = scheduler;
  return *waiter;
}

void CoopWaiter::Give() {
  {
    absl::MutexLock lock(&mutex_);
    scheduler_ = mine_ = nullptr;
  }
  set_scope(nullptr);
  Pool::Get().Give(this);
}

void CoopWaiter::Wake() {
  woken_.store(true, std::memory_order_release);
  absl::MutexLock lock(&mutex_);
  if (scheduler_ != nullptr) scheduler_->Poke();
}

void CoopWaiter::Suspend(const Op* op, MonotonicNanos deadline) {
  if (woken_.exchange(false, std::memory_order_acq_rel)) return;
  deadline_ = deadline;
  ready_ = false;
  wanted_ = {-1, 0, 0};
  if (op != nullptr) {
    wanted_.fd = op->descriptor();
    wanted_.events = op->direction() == Direction::kWrite ? POLLOUT : POLLIN;
  }
  mine_->Suspend(*this);
  woken_.store(false, std::memory_order_release);
}

Scheduler::Scheduler()
    : thread_(gettid()),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      own_waiter_(CoopWaiter::Take(this)) {
  own_waiter_.stack = &own_stack_;
  tasks_.push_back(&own_waiter_);
  Waiter::SetCurrent(&own_waiter_);
}

Scheduler::~Scheduler() {
  Waiter::SetCurrent(nullptr);
  own_waiter_.Give();
  close(wake_fd_);
}

std::unique_ptr<Task> Scheduler::Go(std::function<void()> body) {
  return std::make_unique<CoopTask>(*this, std::move(body));
}

void Scheduler::Yield() {
  Waiter& waiter = Waiter::Current();
  waiter.Wake();
  Suspend(static_cast<CoopWaiter&>(waiter));
  waiter.Park(0, nullptr);
}

void Scheduler::Suspend(CoopWaiter& waiter) {
  for (;;) {
    // Now and then, so that those who never wait for long do not keep the
    // descriptors of others from being looked at.
    if (++picks_ % 8 == 0) Poll(/*wait=*/false);
    CoopWaiter* const next = Pick();
    if (next == nullptr) {
      Poll(/*wait=*/true);
      continue;
    }
    if (next != &waiter) Resume(waiter, *next, /*last=*/false);
    return;
  }
}

void Scheduler::End(CoopWaiter& waiter) {
  const auto it = std::find(tasks_.begin(), tasks_.end(), &waiter);
  tasks_.erase(it);
  last_ = 0;
  CoopWaiter* next = nullptr;
  while ((next = Pick()) == nullptr) Poll(/*wait=*/true);
  Resume(waiter, *next, /*last=*/true);
}

CoopWaiter* Scheduler::Pick() {
  const MonotonicNanos now = Clock::Real().MonotonicNow();
  for (size_t i = 1; i <= tasks_.size(); ++i) {
    const size_t index = (last_ + i) % tasks_.size();
    if (!tasks_[index]->CanRun(now)) continue;
    last_ = index;
    return tasks_[index];
  }
  return nullptr;
}

void Scheduler::Resume(CoopWaiter& from, CoopWaiter& to, bool last) {
  Waiter::SetCurrent(&to);
  from.stack->SwitchTo(*to.stack, last);
}

void Scheduler::Poll(bool wait) {
  std::vector<pollfd> fds = {{wake_fd_, POLLIN, 0}};
  std::vector<CoopWaiter*> waiters = {nullptr};
  MonotonicNanos deadline = kNever;
  SetPolling(true);
  for (CoopWaiter* task : tasks_) {
    deadline = std::min(deadline, task->deadline());
    if (task->woken()) wait = false;
    // The descriptor of one that was woken may be closed by now.
    if (task->wanted().fd < 0 || task->woken()) continue;
    fds.push_back(task->wanted());
    waiters.push_back(task);
  }
  timespec timeout = {0, 0};
  if (wait && deadline != kNever) {
    const MonotonicNanos left =
        std::max<MonotonicNanos>(deadline - Clock::Real().MonotonicNow(), 0);
    timeout = {static_cast<time_t>(left / kSecond),
               static_cast<long>(left % kSecond)};
  }
  const bool for_ever = wait && deadline == kNever;
  ppoll(fds.data(), fds.size(), for_ever ? nullptr : &timeout, nullptr);
  SetPolling(false);
  for (size_t i = 1; i < fds.size(); ++i) {
    if (fds[i].revents != 0) waiters[i]->set_ready();
  }
  uint64_t count;
  if (fds[0].revents != 0) (void)!read(wake_fd_, &count, sizeof count);
}

void Scheduler::SetPolling(bool polling) {
  absl::MutexLock lock(&mutex_);
  if (polling_) ++polls_;
  polling_ = polling;
}

void Scheduler::Poke() {
  if (gettid() == thread_) return;
  absl::MutexLock lock(&mutex_);
  if (!polling_) return;
  const uint64_t one = 1;
  (void)!write(wake_fd_, &one, sizeof one);
  const uint64_t before = polls_;
  const auto over = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return polls_ != before;
  };
  mutex_.Await(absl::Condition(&over));
}

}  // namespace

std::unique_ptr<Executor> MakeCoopExecutor() {
  return std::make_unique<Scheduler>();
}

}  // namespace plumb
