// A TaskGroup runs a Server's handlers, each beside the others: on threads
// (on_threads.h) or on fibers (on_fibers.h).
//
// For those who have a third kind of task.
#ifndef PLUMB_TRANSPORT_SERVER_TASK_GROUP_H_
#define PLUMB_TRANSPORT_SERVER_TASK_GROUP_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"

namespace plumb {

// Threads: Start is called by one thread or fiber, which also destroys it.
class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  // All tasks have returned by now; waits until nothing is left of them.
  virtual ~TaskGroup() = default;

  // Runs `task`, which suspends in the library's calls alone, if at all.
  // Errors: ResourceExhausted when there is no room for one more; `task` is
  // then destroyed and was not called.
  virtual absl::Status Start(absl::AnyInvocable<void()> task) = 0;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SERVER_TASK_GROUP_H_
