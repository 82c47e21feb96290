#include "transport/fiber/fiber.h"

#include "transport/clock.h"
#include "transport/fiber/fiber_waiter.h"

namespace plumb {

void Fiber::Join() const {
  if (waiter_ == nullptr) return;
  FiberWaiter::Joiner joiner(Waiter::Current());
  if (!waiter_->AddJoiner(generation_, joiner)) return;
  while (!joiner.done.load(std::memory_order_acquire)) {
    joiner.waiter.Park(kNever);
  }
}

void Fiber::Cancel() const {
  if (waiter_ != nullptr) waiter_->Cancel(generation_);
}

bool Fiber::done() const {
  return waiter_ == nullptr || waiter_->generation() != generation_;
}

std::string Fiber::name() const {
  if (waiter_ == nullptr) return std::string();
  return waiter_->CopyName(generation_).value_or(std::string());
}

}  // namespace plumb
