// Starting a thread where that may fail: std::thread throws when the system has
// no more of them.
#ifndef PLUMB_EXAMPLES_START_THREAD_H_
#define PLUMB_EXAMPLES_START_THREAD_H_

#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace examples {

// Runs `function` on a new thread. Errors: ResourceExhausted; `function` is
// then destroyed and was not called.
template <typename Function>
absl::StatusOr<std::thread> StartThread(Function function) {
  try {
    return std::thread(std::move(function));
  } catch (const std::system_error& error) {
    return absl::ResourceExhaustedError(
        absl::StrCat("start thread: ", error.what()));
  }
}

}  // namespace examples

#endif  // PLUMB_EXAMPLES_START_THREAD_H_
