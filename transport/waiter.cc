#include "transport/waiter.h"

#include "transport/thread_waiter.h"

namespace plumb {
namespace {

thread_local Waiter* current = nullptr;

}  // namespace

Waiter& Waiter::Current() {
  Waiter* const waiter = current;
  return waiter != nullptr ? *waiter : ThreadWaiter();
}

Waiter* Waiter::SetCurrent(Waiter* waiter) {
  Waiter* const before = current;
  current = waiter;
  return before;
}

}  // namespace plumb
