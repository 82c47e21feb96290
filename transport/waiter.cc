#include "transport/waiter.h"

#include "transport/thread_waiter.h"

namespace plumb {

Waiter& Waiter::OfThread() { return ThreadWaiter(); }

}  // namespace plumb
