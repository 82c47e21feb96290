// Runs a benchmark on a fiber of a Runtime with one worker.
//
//   void BM_Yield(benchmark::State& state) {
//     OnFiber([&] {
//       for (auto _ : state) plumb::Yield();
//     });
//   }
#ifndef PLUMB_TESTING_BENCHMARK_ON_FIBER_H_
#define PLUMB_TESTING_BENCHMARK_ON_FIBER_H_

#include <utility>

#include "absl/functional/any_invocable.h"
#include "transport/fiber/runtime.h"

namespace plumb {

inline void OnFiber(absl::AnyInvocable<void()> function) {
  RuntimeOptions options;
  options.workers = 1;
  RunMain(options, [&function] {
    function();
    return 0;
  });
}

}  // namespace plumb

#endif  // PLUMB_TESTING_BENCHMARK_ON_FIBER_H_
