#include "transport/waiter.h"

#include "transport/thread_waiter.h"

namespace plumb {

Waiter& Waiter::OfThread() {
  current_ = &ThreadWaiter();
  return *current_;
}

}  // namespace plumb
