// The ways in which each conformance suite runs on each backend: on threads or
// on tasks that take turns, and plain or behind a decorator that does nothing.
#ifndef PLUMB_TESTING_CONFORMANCE_VARIANT_H_
#define PLUMB_TESTING_CONFORMANCE_VARIANT_H_

#include <memory>
#include <string>
#include <vector>

#include "testing/coop.h"
#include "testing/executor.h"

namespace plumb {

struct Variant {
  bool coop = false;
  bool decorated = false;

  // "Threads", "Coop", "ThreadsDecorated", "CoopDecorated".
  std::string name() const {
    return std::string(coop ? "Coop" : "Threads") +
           (decorated ? "Decorated" : "");
  }
  std::unique_ptr<Executor> MakeExecutor() const {
    return coop ? MakeCoopExecutor() : MakeThreadExecutor();
  }
};

inline std::vector<Variant> AllVariants() {
  return {{false, false}, {true, false}, {false, true}, {true, true}};
}

}  // namespace plumb

#endif  // PLUMB_TESTING_CONFORMANCE_VARIANT_H_
