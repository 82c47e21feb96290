// How often each operation was done in each state of its tcp connection, and
// each errno was seen, on the kernel.
//
// Threads: none of its own.
#ifndef PLUMB_TESTING_DIFFERENTIAL_COVERAGE_H_
#define PLUMB_TESTING_DIFFERENTIAL_COVERAGE_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "testing/differential/script.h"
#include "testing/differential/trace.h"

namespace plumb {

class Coverage {
 public:
  void Record(const Script& script, const Trace& kernel);

  // With a row for each operation and a column for each state.
  std::string StateTable() const;
  std::string ErrnoTable() const;
  // What every machine can bring about and was seen less than `count` times: an
  // operation in a state, and an errno in all operations together.
  std::vector<std::string> Missing(int count) const;

 private:
  std::map<std::pair<std::string, std::string>, int> cells_;
  std::map<std::pair<std::string, int>, int> errors_;  // by operation
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_COVERAGE_H_
