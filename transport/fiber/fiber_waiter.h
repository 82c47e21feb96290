// The Waiter of a fiber, and all that is kept of a fiber outside its stack.
//
// It is bound to one stack for good and never freed, so that a late Wake, a
// handle (fiber.h) or an event may name a fiber that has ended; a generation
// tells who is meant. The first cache line has what a switch needs.
//
// For the scheduler.
//
// Threads: Wake, Cancel, AddJoiner, CopyName, any; Park, ParkOn, Yield, its
// owner; the rest belongs to the worker that has it.
#ifndef PLUMB_TRANSPORT_FIBER_FIBER_WAITER_H_
#define PLUMB_TRANSPORT_FIBER_FIBER_WAITER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "transport/clock.h"
#include "transport/fiber/context.h"
#include "transport/fiber/park_state.h"
#include "transport/fiber/stack.h"
#include "transport/fiber/timer_heap.h"
#include "transport/linked_list.h"
#include "transport/scope.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {

class Scheduler;
class Worker;

class alignas(64) FiberWaiter final : public Waiter, public Timer {
 public:
  // One who waits for the fiber's end; on the stack of the wait.
  struct Joiner {
    explicit Joiner(Waiter& w) : waiter(w) {}

    Waiter& waiter;
    std::atomic<bool> done{false};
    Joiner* next = nullptr;
  };

  FiberWaiter() = default;

  void Park(MonotonicNanos deadline, const WaitReason* reason) override;
  void ParkOn(const Op& op, MonotonicNanos deadline,
              const WaitReason* reason) override;
  bool ParksInSystemCall() const override { return false; }
  void Wake() override;
  void Yield() override;
  void RunBlocking(absl::FunctionRef<void()> function,
                   const WaitReason& reason) override;
  // A signal handler on the fiber's own stack may call it too.
  const char* name() const override {
    return name_ == nullptr ? nullptr : name_->c_str();
  }

  const Stack& stack() const { return stack_; }
  uint64_t generation() const {
    return generation_.load(std::memory_order_acquire);
  }
  // Whether it is a fiber that has not ended.
  bool alive() const { return generation() % 2 == 1; }

  // What others ask of the fiber of `generation`; false when it has ended.
  bool AddJoiner(uint64_t generation, Joiner& joiner);
  bool Cancel(uint64_t generation);
  // Cancels it if it is one of `scheduler`, and wakes it in any case.
  void CancelFor(const Scheduler& scheduler);
  std::optional<std::string> CopyName(uint64_t generation) const;

 private:
  friend class FiberPool;
  friend class FiberReport;
  friend class Scheduler;
  friend class Worker;
  class BodyScope;

  // What lies at the top of the stack.
  struct Body {
    explicit Body(absl::AnyInvocable<void()> f) : function(std::move(f)) {}

    absl::AnyInvocable<void()> function;
    LinkedList<ScopeWatcher> watchers;  // of its outermost scope
    MonotonicNanos began = 0;
  };

  Body& body() const {
    return *reinterpret_cast<Body*>(stack_.high() - kBodySize);
  }
  size_t usable_stack() const { return stack_.size - kBodySize; }

  // Makes it a new fiber; returns its generation.
  uint64_t Begin(Worker& worker, absl::string_view name, MonotonicNanos now,
                 absl::AnyInvocable<void()> function);
  // Runs what it was made for, on its own stack.
  void RunBody();
  // The fiber has ended and nothing runs on the stack.
  void End();

  static constexpr size_t kBodySize = (sizeof(Body) + 63) / 64 * 64;

  // The first line goes on from the base classes.
  ParkState state_;
  std::atomic<bool> cancelled_{false};
  // Who runs it, from its start to its end. Each worker alone puts itself here
  // and takes itself away: who finds itself here knows that it stays.
  std::atomic<Worker*> home_{nullptr};
  FiberWaiter* next_ = nullptr;  // in the one queue that it is in
  Context context_;

  FiberWaiter* next_posted_ = nullptr;    // in the inbox of home_
  std::atomic<Worker*> worker_{nullptr};  // who is to start it, then home_
  std::atomic<uint64_t> generation_{0};
  // Others look at what follows, and at the watchers, with LockFor(this) and
  // after a look at the generation, which ends with that lock too.
  Joiner* joiners_ = nullptr;
  std::unique_ptr<const std::string> name_;
  const WaitReason* reason_ = nullptr;  // of the wait, while parked
  Stack stack_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_FIBER_WAITER_H_
