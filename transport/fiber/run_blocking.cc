#include "transport/fiber/run_blocking.h"

#include "transport/fiber/scheduler.h"

namespace plumb {

void CallBlocking(absl::FunctionRef<void()> function) {
  Scheduler* const scheduler = Scheduler::Current();
  if (scheduler == nullptr) {
    function();
  } else {
    scheduler->blocking_pool().Run(function);
  }
}

}  // namespace plumb
