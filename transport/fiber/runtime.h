// A Runtime runs fibers (fiber.h) on a few threads.
//
//   int main() {
//     return plumb::RunMain([] {
//       auto listener = plumb::Listen("tcp", ":8080");
//       for (;;) {
//         auto conn = (*listener)->Accept();
//         if (!conn.ok()) return 1;
//         plumb::Go([conn = *std::move(conn)] { Serve(*conn); });
//       }
//     });
//   }
//
// or, as an object beside other threads:
//
//   plumb::RuntimeOptions options;
//   options.workers = 2;
//   plumb::Runtime runtime(options);
//   runtime.Go([] { ... }).Join();
//
// A fiber that has not started may be taken by a worker that has nothing to do;
// afterwards it stays where it started. Blocking calls on plain threads need no
// Runtime, and a connection may be used by fibers and threads at once.
//
// A Runtime must not be destroyed on one of its own fibers.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_FIBER_RUNTIME_H_
#define PLUMB_TRANSPORT_FIBER_RUNTIME_H_

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime_options.h"

namespace plumb {

class Scheduler;

class Runtime {
 public:
  // Ends the program, saying so, when the process may have no more threads or
  // descriptors: each worker has one thread and two descriptors.
  explicit Runtime(const RuntimeOptions& options = RuntimeOptions());
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  // Cancels all fibers and waits until they have ended, however long it takes,
  // telling stderr from time to time who has not. Then ends the threads. No
  // stack is ever unwound by force.
  ~Runtime();

  // Starts a fiber, from anywhere. It inherits no scopes. `name` is for
  // diagnostics. Ends the program, saying so, when there is no memory for its
  // stack; before Linux 6.13 that is at some 32,700 fibers, unless
  // vm.max_map_count is raised.
  Fiber Go(absl::AnyInvocable<void()> function);
  Fiber Go(absl::string_view name, absl::AnyInvocable<void()> function);

  // Cancels all fibers, those started later too, and waits until they have
  // ended. DeadlineExceeded after `patience`, naming those that have not; they
  // go on, and so does the Runtime.
  absl::Status Shutdown(absl::Duration patience);

 private:
  const absl::Duration report_stuck_after_;
  const std::shared_ptr<Scheduler> scheduler_;
};

// Starts a fiber on the Runtime of the calling fiber. Ends the program with a
// message when the caller is not on one.
Fiber Go(absl::AnyInvocable<void()> function);
Fiber Go(absl::string_view name, absl::AnyInvocable<void()> function);

// Lets the other fibers of this thread run that are ready. Nothing on a plain
// thread.
void Yield();

// Runs `function` on a fiber of a new Runtime and returns what it returns, when
// the other fibers, which are cancelled then, have ended too.
int RunMain(absl::AnyInvocable<int()> function);
int RunMain(const RuntimeOptions& options, absl::AnyInvocable<int()> function);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_RUNTIME_H_
