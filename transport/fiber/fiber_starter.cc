#include "transport/fiber/fiber_starter.h"

#include <cstdio>
#include <cstdlib>

namespace plumb {

Scheduler& FiberStarter::CurrentScheduler(const char* caller) {
  Scheduler* const scheduler = Scheduler::Current();
  if (scheduler == nullptr) {
    std::fprintf(stderr,
                 "plumb::%s: there is no Runtime on this thread. Call it on a "
                 "fiber: start main with plumb::RunMain, or use the Go of a "
                 "plumb::Runtime\n",
                 caller);
    std::abort();
  }
  return *scheduler;
}

}  // namespace plumb
