// What a worker does at each switch, inline (context_switch.h says why).
//
// For the scheduler. Whoever includes this needs exceptions.
#ifndef PLUMB_TRANSPORT_FIBER_WORKER_SWITCH_H_
#define PLUMB_TRANSPORT_FIBER_WORKER_SWITCH_H_

#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "transport/fiber/context_switch.h"
#include "transport/fiber/fiber_waiter.h"
#include "transport/fiber/worker.h"

namespace plumb {

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Worker::Prepare(FiberWaiter& next) {
  if (ABSL_PREDICT_FALSE(next.home_.load(std::memory_order_relaxed) ==
                         nullptr)) {
    Start(next);
  }
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Worker::Prefetch() {
  if (--prefetch_in_ > 0) return;
  prefetch_in_ = kPrefetched;
  const FiberWaiter* fiber = ready_.first();
  for (int i = 0; i < kPrefetched; ++i, fiber = fiber->next_) {
    // The callers' frames follow the registers.
    const char* const lines = static_cast<const char*>(fiber->context_.frame());
    for (int line = 0; line < 4; ++line) __builtin_prefetch(lines + 64 * line);
  }
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Worker::SwitchFrom(FiberWaiter& self,
                                                            FiberWaiter* next) {
  running_.store(next, std::memory_order_relaxed);
  Waiter::SetCurrent(next);
  if (next != nullptr) {
    // On a short queue the stacks are in the cache, and this would only cost.
    if (ready_.is_long()) Prefetch();
    Prepare(*next);
    Context::Switch(*thread_, self.context_, next->context_);
  } else {
    Context::Switch(*thread_, self.context_, loop_);
  }
  while (ABSL_PREDICT_FALSE(inspection_ != nullptr)) {
    (*std::exchange(inspection_, nullptr))();
    Context::Switch(*thread_, self.context_, loop_);
  }
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Worker::Suspend(FiberWaiter& self) {
  FiberWaiter* const next = --switches_left_ > 0 ? ready_.Pop() : nullptr;
  SwitchFrom(self, next);
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline void Worker::YieldFrom(FiberWaiter& self) {
  // Alone, it lets the loop look whether somebody else is ready.
  FiberWaiter* const next = --switches_left_ > 0 ? ready_.Pop() : nullptr;
  ready_.Push(self);
  SwitchFrom(self, next);
}

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_WORKER_SWITCH_H_
