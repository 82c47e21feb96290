// Runs scripts on the kernel and on the fake, and tells where they differ.
//
//   Comparer comparer;
//   if (auto difference = comparer.Compare(script)) {
//     std::cout << Explain(*difference, comparer.kernel_trace());
//   }
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_DIFFERENTIAL_COMPARE_H_
#define PLUMB_TESTING_DIFFERENTIAL_COMPARE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "testing/differential/fake_net.h"
#include "testing/differential/net.h"
#include "testing/differential/script.h"
#include "testing/differential/trace.h"

namespace plumb {

struct Difference {
  Script script;
  size_t step = 0;  // the first that differs
  FakeWays ways = FakeWays::kDirect;
  std::string kernel;
  std::string fake;
};

class Comparer {
 public:
  Comparer();

  // Nothing when all steps have the same outcome, both ways of the fake. A
  // difference is looked for again, and one that does not come back is not
  // told but kept apart.
  std::optional<Difference> Compare(const Script& script);

  // Of the last script, on the kernel.
  const Trace& kernel_trace() const { return kernel_trace_; }
  // Those that did not come back, of the last script.
  const std::vector<Difference>& not_repeated() const { return not_repeated_; }

 private:
  std::optional<Difference> CompareOnce(const Script& script);

  const std::unique_ptr<Net> kernel_;
  Trace kernel_trace_;
  std::vector<Difference> not_repeated_;
};

// The steps up to the difference with their outcomes, and both of that one.
std::string Explain(const Difference& difference, const Trace& kernel);
// A test of this folder that pins it.
std::string FormatAsTest(const Difference& difference);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_COMPARE_H_
