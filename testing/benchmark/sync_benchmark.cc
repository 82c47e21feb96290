// What locks and channels cost.
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "benchmark/benchmark.h"
#include "testing/benchmark/on_fiber.h"
#include "transport/channel.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime.h"
#include "transport/mutex.h"

namespace plumb {
namespace {

// On one thread nobody else wants it; on several all want the same one.
void BM_Mutex(benchmark::State& state) {
  static Mutex mutex;
  for (auto _ : state) {
    mutex.Lock();
    mutex.Unlock();
  }
}
BENCHMARK(BM_Mutex)->Threads(1)->Threads(2)->UseRealTime();

void BM_AbslMutex(benchmark::State& state) {
  static absl::Mutex mutex(absl::kConstInit);
  for (auto _ : state) {
    mutex.Lock();
    mutex.Unlock();
  }
}
BENCHMARK(BM_AbslMutex)->Threads(1)->Threads(2)->UseRealTime();

// Fibers of one worker that suspend while they hold it.
void BM_MutexHeldAcrossSwitch(benchmark::State& state) {
  OnFiber([&] {
    Mutex mutex;
    bool done = false;
    const auto use = [&] {
      const MutexLock lock(mutex);
      Yield();
    };
    const Fiber other = Go([&] {
      while (!done) use();
    });
    for (auto _ : state) use();
    done = true;
    other.Join();
  });
}
BENCHMARK(BM_MutexHeldAcrossSwitch)->UseRealTime();

// A value to another fiber of the same worker, through so much room.
void BM_Channel(benchmark::State& state) {
  OnFiber([&] {
    Channel<int64_t> channel(static_cast<size_t>(state.range(0)));
    const Fiber receiver = Go([&] {
      while (channel.Receive().ok()) {
      }
    });
    int64_t value = 0;
    for (auto _ : state) {
      if (!channel.Send(++value).ok()) state.SkipWithError("Send failed");
    }
    channel.Close();
    receiver.Join();
  });
}
BENCHMARK(BM_Channel)->Arg(0)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace plumb
