#include "transport/fiber/worker.h"

#include <sched.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "transport/fiber/scheduler.h"
#include "transport/fiber/stack_overflow.h"
#include "transport/fiber/worker_switch.h"

namespace plumb {
namespace {

// Between two looks at descriptors and timers: this long, or this many switches
// if they took so long that a look does not show beside them.
constexpr MonotonicNanos kTimeBetweenLooks = 200 * 1000;
constexpr int kSwitchesBetweenLooks = 64;
constexpr MonotonicNanos kLeastTimeBetweenLooks = 20 * 1000;
// A pass has as many switches as took this long since the last look, 1 to
// kMostInPass: within a pass nobody looks at the clock.
constexpr MonotonicNanos kLongPass = 1000 * 1000;
// At most so many of its own a worker takes for a pass, and so keeps from
// others.
constexpr int kStartsInPass = 8;
// Unused fibers that a worker keeps at hand.
constexpr size_t kFree = 128;

}  // namespace

void Worker::Run(int processor) {
  if (processor >= 0) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<size_t>(processor), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  const SignalStack signal_stack;
  current_ = this;
  thread_.emplace(loop_);
  while (!Stopped()) {
    TakeInbox();
    TakeOwnUnstarted();
    if (!ready_.empty()) {
      LookAroundIfDue();
      Resume(*ready_.Pop());
    } else if (!Steal()) {
      Idle();
    }
    if (has_requests_.load(std::memory_order_acquire)) RunRequests();
  }
  {
    absl::MutexLock lock(&mutex_);
    exited_ = true;
  }
  RunRequests();
  scheduler_.pool().Give(free_.size(), free_);
  current_ = nullptr;
}

bool Worker::Stopped() const { return scheduler_.stopped(); }

void Worker::Post(FiberWaiter& fiber) {
  FiberWaiter* head = inbox_.load(std::memory_order_relaxed);
  do {
    fiber.next_posted_ = head;
  } while (
      !inbox_.compare_exchange_weak(head, &fiber, std::memory_order_seq_cst));
  WakeIfAsleep();
}

bool Worker::WakeIfAsleep() {
  // The sleeper says that it sleeps before it looks for work a last time, and
  // work is left before this.
  if (!asleep_.load(std::memory_order_seq_cst)) return false;
  if (!asleep_.exchange(false, std::memory_order_seq_cst)) return false;
  poller_.Interrupt();
  return true;
}

void Worker::TakeInbox() {
  if (inbox_.load(std::memory_order_relaxed) == nullptr) return;
  FiberWaiter* last = inbox_.exchange(nullptr, std::memory_order_acquire);
  FiberWaiter* first = nullptr;
  while (last != nullptr) {  // the first to come lies deepest
    FiberWaiter* const next = last->next_posted_;
    last->next_posted_ = first;
    first = last;
    last = next;
  }
  while (first != nullptr) {
    FiberWaiter& fiber = *first;
    first = fiber.next_posted_;
    // From here on it may be posted again.
    fiber.state_.Arrive();
    WakeHere(fiber);
  }
}

void Worker::StartSoon(FiberWaiter& fiber) {
  const bool here = current_ == this;
  if (here && scheduler_.workers() == 1) {
    ready_.Push(fiber);
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    unstarted_.push_back(&fiber);
    unstarted_size_.store(unstarted_.size(), std::memory_order_seq_cst);
  }
  if (here || !WakeIfAsleep()) scheduler_.WakeOneAsleep();
}

FiberWaiter* Worker::TakeUnstarted() {
  if (unstarted_size_.load(std::memory_order_seq_cst) == 0) return nullptr;
  absl::MutexLock lock(&mutex_);
  if (unstarted_.empty()) return nullptr;
  FiberWaiter* const fiber = unstarted_.front();
  unstarted_.pop_front();
  unstarted_size_.store(unstarted_.size(), std::memory_order_seq_cst);
  return fiber;
}

void Worker::TakeOwnUnstarted() {
  // There is mostly none: the other question comes later.
  for (int i = 0; i < kStartsInPass; ++i) {
    FiberWaiter* const fiber = TakeUnstarted();
    if (fiber == nullptr) return;
    ready_.Push(*fiber);
    if (i + 1 == pass_) return;
  }
}

bool Worker::Steal() {
  FiberWaiter* const fiber = scheduler_.TakeUnstarted();
  if (fiber == nullptr) return false;
  fiber->worker_.store(this, std::memory_order_relaxed);
  ready_.Push(*fiber);
  return true;
}

bool Worker::Post(absl::AnyInvocable<void()> request) {
  {
    absl::MutexLock lock(&mutex_);
    if (exited_) return false;
    requests_.push_back(std::move(request));
    has_requests_.store(true, std::memory_order_seq_cst);
  }
  WakeIfAsleep();
  return true;
}

void Worker::RunRequests() {
  std::vector<absl::AnyInvocable<void()>> requests;
  {
    absl::MutexLock lock(&mutex_);
    requests.swap(requests_);
    has_requests_.store(false, std::memory_order_relaxed);
  }
  for (auto& request : requests) request();
}

void Worker::LookAroundIfDue() {
  if (switches_since_look_ == 0) return;
  const MonotonicNanos now = Clock::Real().MonotonicNow();
  const MonotonicNanos time = now - recent_time_;
  const MonotonicNanos least = switches_since_look_ < kSwitchesBetweenLooks
                                   ? kTimeBetweenLooks
                                   : kLeastTimeBetweenLooks;
  if (time < least) {
    pass_ = std::min(2 * pass_, kMostInPass);
    return;
  }
  const MonotonicNanos fit = switches_since_look_ * kLongPass / time;
  pass_ = static_cast<int>(std::clamp<MonotonicNanos>(fit, 1, kMostInPass));
  switches_since_look_ = 0;
  poller_.Wait(0);
  FireTimers(now);
}

void Worker::FireTimers(MonotonicNanos now) {
  recent_time_ = now;
  while (Timer* timer = timers_.PopExpired(now)) {
    static_cast<FiberWaiter*>(timer)->Wake();
  }
}

bool Worker::HasWork() const {
  return !ready_.empty() || inbox_.load(std::memory_order_seq_cst) != nullptr ||
         has_requests_.load(std::memory_order_seq_cst) || Stopped() ||
         scheduler_.HasUnstarted();
}

bool Worker::Spin() {
  const MonotonicNanos until = recent_time_ + spin_;
  do {
    poller_.Wait(0);
    FireTimers(Clock::Real().MonotonicNow());
    if (HasWork()) return true;
  } while (recent_time_ < until);
  return false;
}

void Worker::Idle() {
  MonotonicNanos until = std::min(timers_.next(), scheduler_.pool().due());
  if (until != kNever || spin_ > 0) {
    FireTimers(Clock::Real().MonotonicNow());
    if (!ready_.empty()) return;
    if (spin_ > 0 && Spin()) return;
    if (scheduler_.pool().due() <= recent_time_) {
      scheduler_.pool().GiveBackIdle(recent_time_);
    }
    until = std::min(timers_.next(), scheduler_.pool().due());
  }
  asleep_.store(true, std::memory_order_seq_cst);
  if (!HasWork()) {
    poller_.Wait(until == kNever
                     ? kNever
                     : std::max<MonotonicNanos>(until - recent_time_, 0));
  }
  asleep_.store(false, std::memory_order_relaxed);
  switches_since_look_ = 0;
  FireTimers(Clock::Real().MonotonicNow());
}

void Worker::Resume(FiberWaiter& fiber) {
  Prepare(fiber);
  switches_left_ = pass_;
  running_.store(&fiber, std::memory_order_relaxed);
  Waiter::SetCurrent(&fiber);
  Context::Switch(*thread_, loop_, fiber.context_);
  switches_since_look_ += 1 + pass_ - switches_left_;
  if (ended_ != nullptr) Retire(*std::exchange(ended_, nullptr));
}

void Worker::Start(FiberWaiter& fiber) {
  fiber.home_.store(this, std::memory_order_relaxed);
  fiber.state_.Open();
  fiber.context_.Start(*thread_, fiber.stack().low, fiber.usable_stack(),
                       &Worker::Main, &fiber);
}

void Worker::Main(void* fiber) {
  FiberWaiter& self = *static_cast<FiberWaiter*>(fiber);
  self.RunBody();
  Worker& worker = *self.home_.load(std::memory_order_relaxed);
  worker.ended_ = &self;
  worker.running_.store(nullptr, std::memory_order_relaxed);
  Waiter::SetCurrent(nullptr);
  Context::SwitchForever(*worker.thread_, self.context_, worker.loop_);
}

void Worker::Retire(FiberWaiter& fiber) {
  fiber.context_.Reset();
  timers_.Remove(fiber);
  while (ABSL_PREDICT_FALSE(!fiber.state_.Shut())) {
    // A late wake is on its way here, a few instructions from its end.
    TakeInbox();
    std::this_thread::yield();
  }
  fiber.home_.store(nullptr, std::memory_order_relaxed);
  fiber.End();
  free_.push_back(&fiber);
  if (free_.size() > kFree) scheduler_.pool().Give(kFree / 2, free_);
  scheduler_.FiberEnded();
}

FiberWaiter& Worker::TakeFree() {
  if (free_.empty()) scheduler_.pool().Take(kFree / 4, free_);
  FiberWaiter* const fiber = free_.back();
  free_.pop_back();
  return *fiber;
}

void Worker::CallOnStackOf(FiberWaiter& fiber,
                           absl::FunctionRef<void()> function) {
  inspection_ = &function;
  Context::Switch(*thread_, loop_, fiber.context_);
}

}  // namespace plumb
