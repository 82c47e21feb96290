// The ways in which each conformance suite runs on each backend: on which kind
// of tasks, and plain or behind a decorator that does nothing.
#ifndef PLUMB_TESTING_CONFORMANCE_VARIANT_H_
#define PLUMB_TESTING_CONFORMANCE_VARIANT_H_

#include <memory>
#include <string>
#include <vector>

#include "testing/executor.h"

namespace plumb {

struct Variant {
  enum class Tasks {
    kThreads,
    kCoop,
    kFibers,       // on one worker
    kFibers3,      // on three
    kMixedFibers,  // fibers on two workers, and threads
  };

  Tasks tasks = Tasks::kThreads;
  bool decorated = false;

  // "Threads", "FibersDecorated".
  std::string name() const;
  std::unique_ptr<Executor> MakeExecutor() const;
};

std::vector<Variant> AllVariants();

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_VARIANT_H_
