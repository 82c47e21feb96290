// Takes work that blocks its thread off the fibers' threads.
//
//   addrinfo* found = plumb::RunBlocking([&] { return Resolve(name); });
//
// The function runs on one of a few threads of the Runtime, while the calling
// fiber waits; it may use what is on the caller's stack. On a plain thread it
// is called in place, and so it is when the system has no thread to give. Not a
// cancellation point: the function has to end by itself.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_FIBER_RUN_BLOCKING_H_
#define PLUMB_TRANSPORT_FIBER_RUN_BLOCKING_H_

#include <optional>
#include <type_traits>
#include <utility>

#include "absl/functional/function_ref.h"

namespace plumb {

// RunBlocking for a function without a result.
void CallBlocking(absl::FunctionRef<void()> function);

template <typename Function>
auto RunBlocking(Function&& function) -> std::invoke_result_t<Function&> {
  using Result = std::invoke_result_t<Function&>;
  if constexpr (std::is_void_v<Result>) {
    CallBlocking(function);
  } else {
    std::optional<Result> result;
    CallBlocking([&] { result.emplace(function()); });
    return *std::move(result);
  }
}

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_RUN_BLOCKING_H_
