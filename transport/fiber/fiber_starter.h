// Makes handles of fibers that a Scheduler has started.
//
// For those who start fibers.
#ifndef PLUMB_TRANSPORT_FIBER_FIBER_STARTER_H_
#define PLUMB_TRANSPORT_FIBER_FIBER_STARTER_H_

#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/scheduler.h"

namespace plumb {

class FiberStarter {
 public:
  static Fiber Start(Scheduler& scheduler, absl::string_view name,
                     absl::AnyInvocable<void()> function) {
    const Scheduler::Started started =
        scheduler.Spawn(name, std::move(function));
    return Fiber(started.first, started.second);
  }

  // The calling thread's scheduler. Ends the program, naming the cure, where
  // there is none.
  static Scheduler& CurrentScheduler(const char* caller);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_FIBER_STARTER_H_
