// What came of each step of a script.
#ifndef PLUMB_TESTING_DIFFERENTIAL_TRACE_H_
#define PLUMB_TESTING_DIFFERENTIAL_TRACE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "testing/differential/names.h"

namespace plumb {

struct Outcome {
  std::string text;      // what is compared
  int error = 0;         // the errno in it
  bool blocked = false;  // the step had to be cut
  std::string state;     // of the tcp connection before the step
};

using Trace = std::vector<Outcome>;

// "ok" and what is `good`, or the parts of the error: code, errno, kind, bytes,
// both addresses and text.
Outcome Tell(const absl::Status& status, const std::string& good, Names& names);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_TRACE_H_
