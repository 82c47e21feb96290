// Runs a few flows of control in every order that can make a difference: a
// model checker for small pieces of concurrent code.
//
//   Outcome outcome = Explore([](Flows& flows) {
//     auto state = std::make_shared<State>();
//     flows.Add("reader", [state] { ... });
//     flows.Add("closer", [state] { ... });
//     flows.AtEnd([state] { if (...) Fail("..."); });
//   });
//   EXPECT_EQ(outcome.failure, "");
//
// The code under test is compiled with checked.h, whose atomics and mutexes
// call Step before each operation. All flows run on the calling thread, and
// change at a Step alone. Orders that differ only in operations that do not
// interfere count as one (dynamic partial order reduction: Flanagan and
// Godefroid, POPL 2005, with sleep sets); all the others are run, from a new
// state each time. So the code must do the same every time but for the order.
//
// Memory is sequentially consistent here: ThreadSanitizer and review see to
// orders of memory that are too weak.
//
// Threads: one at a time in the process.
#ifndef PLUMB_TESTING_INTERLEAVE_EXPLORER_H_
#define PLUMB_TESTING_INTERLEAVE_EXPLORER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"

namespace plumb {
namespace interleave {

enum class Access : uint8_t { kRead, kWrite };

// Before an operation on `object`. Nothing outside of Explore.
void Step(const void* object, Access access, const char* operation);

// The same for one that has to wait until `enabled` says so. What that looks at
// must change in writes to `object` alone.
void StepWhen(const void* object, const char* operation,
              absl::FunctionRef<bool()> enabled);

// A mutex was let go of, which is no step.
void Release(const void* object);

// The run under way is wrong. It goes on; the first failure counts.
void Fail(std::string what);

class Flows {
 public:
  // At most 8.
  void Add(std::string name, std::function<void()> body) {
    bodies_.emplace_back(std::move(name), std::move(body));
  }
  // Called when all have ended.
  void AtEnd(std::function<void()> check) { at_end_ = std::move(check); }

 private:
  friend class Explorer;

  std::vector<std::pair<std::string, std::function<void()>>> bodies_;
  std::function<void()> at_end_;
};

struct Outcome {
  int64_t interleavings = 0;
  // Whether these were all.
  bool complete = false;
  // What went wrong first, with the steps that led there; empty when nothing.
  std::string failure;
};

// Ends with the first failure, when there is no further order, or after `limit`
// of them.
Outcome Explore(absl::FunctionRef<void(Flows&)> make, int64_t limit = 1000000);

}  // namespace interleave
}  // namespace plumb

#endif  // PLUMB_TESTING_INTERLEAVE_EXPLORER_H_
