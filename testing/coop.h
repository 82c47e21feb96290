// Tasks that take turns on one thread: a second kind of Waiter, for tests only.
// What runs on threads and on these will run on fibers.
//
//   std::unique_ptr<plumb::Executor> executor = plumb::MakeCoopExecutor();
//   auto reader = executor->Go([&] { got = conn->Read(buffer); });
//   ASSERT_TRUE(WaitUntilBlocked(*conn, 1));
//   conn->Close();
//   EXPECT_FALSE(got.ok());   // wrong: the reader has not run yet
//   reader->Join();
//
// The calling thread's own code is the first task; the executor must be
// destroyed on that thread. A task runs until it suspends, so that what happens
// in between happens at once for all others: for tests of such moments.
//
// Each task has a stack of 256 KiB. SCOPED_TRACE is one a thread: do not use it
// in tasks.
#ifndef PLUMB_TESTING_COOP_H_
#define PLUMB_TESTING_COOP_H_

#include <memory>

#include "testing/executor.h"

namespace plumb {

std::unique_ptr<Executor> MakeCoopExecutor();

}  // namespace plumb

#endif  // PLUMB_TESTING_COOP_H_
