// Cases in which one object is used from several threads, but never by two at
// the same time.
#ifndef PLUMB_TESTING_CONFORMANCE_TURNS_H_
#define PLUMB_TESTING_CONFORMANCE_TURNS_H_

#include "absl/functional/function_ref.h"
#include "gtest/gtest.h"
#include "testing/executor.h"

namespace plumb {

// Calls act(0) to act(count - 1), one after the other, on several tasks that
// take turns. Where `executor` has several threads, the tasks are on more than
// one, and the turns go from one to the other.
::testing::AssertionResult RunByTurns(Executor& executor, int count,
                                      absl::FunctionRef<void(int)> act);

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_TURNS_H_
