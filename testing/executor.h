// An Executor runs the concurrent parts of a test: on threads, on fibers
// (fiber_executor.h), or as tasks that take turns on one thread (coop.h). A
// test that is written with it shows that what it tests works for all of them.
//
//   std::unique_ptr<plumb::Executor> executor = plumb::MakeThreadExecutor();
//   executor->Run([&] {
//     auto reader = executor->Go([&] { got = conn->Read(buffer); });
//     ...
//     reader->Join();
//   });
//
// What Run calls is one of the tasks. What tasks wait for must be calls of the
// library (a Conn's, Event::Wait, SleepFor, Join): a mutex or condition
// variable of another kind would stop all the tasks of its thread.
#ifndef PLUMB_TESTING_EXECUTOR_H_
#define PLUMB_TESTING_EXECUTOR_H_

#include <functional>
#include <memory>

#include "absl/functional/function_ref.h"

namespace plumb {

// Something that runs beside its maker. Its destructor joins.
class Task {
 public:
  Task() = default;
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task() = default;

  // Suspends until the task has ended. Again returns at once. Scopes do not end
  // it.
  virtual void Join() = 0;
};

class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  // All tasks have been joined by now.
  virtual ~Executor() = default;

  // Calls `body`, the test's own part, and returns when it has. Not from a
  // task.
  virtual void Run(absl::FunctionRef<void()> body) { body(); }

  // Starts `body`, which may begin at once or later.
  virtual std::unique_ptr<Task> Go(std::function<void()> body) = 0;

  // Lets the other tasks run; for loops that do not block.
  virtual void Yield() = 0;

  // Whether nothing runs at the same time as the caller, until it suspends.
  virtual bool one_at_a_time() const = 0;
};

std::unique_ptr<Executor> MakeThreadExecutor();

}  // namespace plumb

#endif  // PLUMB_TESTING_EXECUTOR_H_
