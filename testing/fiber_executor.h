// Executors that run a test on fibers: all of it, its own part included.
//
//   std::unique_ptr<plumb::Executor> executor = plumb::MakeFiberExecutor(3);
//   executor->Run([&] {
//     auto reader = executor->Go([&] { got = conn->Read(buffer); });
//     ASSERT_TRUE(WaitUntilBlocked(*conn, 1));
//     ...
//   });
//
// Each has a Runtime of its own, which ends with it. A fiber that has not ended
// by then fails the test, and is named together with what it waits for.
//
// Go suspends its caller on several workers: the next worker in turn gets the
// task, so that those of one test are on different threads.
#ifndef PLUMB_TESTING_FIBER_EXECUTOR_H_
#define PLUMB_TESTING_FIBER_EXECUTOR_H_

#include <memory>

#include "testing/executor.h"

namespace plumb {

// On a Runtime with `workers` threads.
std::unique_ptr<Executor> MakeFiberExecutor(int workers);

// The same, but every other task, the first of them, is a plain thread.
std::unique_ptr<Executor> MakeMixedExecutor(int workers);

}  // namespace plumb

#endif  // PLUMB_TESTING_FIBER_EXECUTOR_H_
