// How the program `sample` ends when something does not work.
#ifndef PLUMB_TESTING_CAPTURE_SAMPLE_CHECK_H_
#define PLUMB_TESTING_CAPTURE_SAMPLE_CHECK_H_

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace plumb {
namespace sample {

[[noreturn]] inline void Fail(const absl::Status& status) {
  std::cerr << "sample: " << status << "\n";
  std::exit(1);
}
inline void Check(const absl::Status& status) {
  if (!status.ok()) Fail(status);
}
template <typename T>
T Check(absl::StatusOr<T> value) {
  Check(value.status());
  return *std::move(value);
}

}  // namespace sample
}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_SAMPLE_CHECK_H_
