// What fibers cost: switching, waking, starting, deadlines. All on one worker,
// where all fibers run the same code, as those of a server do; `per_item` is
// the time for one of what the benchmark is named after.
#include <cstdint>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "testing/benchmark/on_fiber.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime.h"
#include "transport/pipe.h"
#include "transport/sleep.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

constexpr int kTimes = 1000;

void SetItems(benchmark::State& state, int64_t items) {
  state.counters["per_item"] = benchmark::Counter(
      static_cast<double>(items) * static_cast<double>(state.iterations()),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void JoinAll(const std::vector<Fiber>& fibers) {
  for (const Fiber& fiber : fibers) fiber.Join();
}

// Among so many fibers.
void BM_Switch(benchmark::State& state) {
  OnFiber([&] {
    for (auto _ : state) {
      std::vector<Fiber> fibers;
      for (int64_t i = 0; i < state.range(0); ++i) {
        fibers.push_back(Go([] {
          for (int j = 0; j < kTimes; ++j) Yield();
        }));
      }
      JoinAll(fibers);
    }
  });
  SetItems(state, state.range(0) * kTimes);
}
BENCHMARK(BM_Switch)->Arg(2)->Arg(64)->Arg(1000)->UseRealTime();

// Two fibers that take turns.
struct Turns {
  explicit Turns(MonotonicNanos limit) : wait(limit) {}

  const MonotonicNanos wait;  // kNever for no deadline
  Waiter* waiters[2] = {};
  int turn = 0;

  void Take(int self) {
    waiters[self] = &Waiter::Current();
    while (waiters[1 - self] == nullptr) Yield();
    for (int i = 0; i < kTimes; ++i) {
      while (turn != self) waiters[self]->Park(Deadline(i), nullptr);
      turn = 1 - self;
      waiters[turn]->Wake();
    }
  }

  // Later each time, as a server's are.
  MonotonicNanos Deadline(int i) const {
    return wait == kNever ? kNever : wait + i;
  }
};

// On a fiber.
void TakeTurns(benchmark::State& state, MonotonicNanos wait) {
  for (auto _ : state) {
    Turns turns(wait);
    std::vector<Fiber> fibers;
    for (int self : {0, 1}) {
      fibers.push_back(Go([&turns, self] { turns.Take(self); }));
    }
    JoinAll(fibers);
  }
  SetItems(state, 2 * kTimes);
}

void BM_WakeParkAndSwitch(benchmark::State& state) {
  OnFiber([&] { TakeTurns(state, kNever); });
}
BENCHMARK(BM_WakeParkAndSwitch)->UseRealTime();

// Beside so many fibers that wait with deadlines of their own, half of them
// sooner: what it costs to set one and to forget it.
void BM_WakeParkAndSwitchWithDeadline(benchmark::State& state) {
  OnFiber([&] {
    std::vector<Fiber> others;
    for (int64_t i = 0; i < state.range(0); ++i) {
      others.push_back(Go(
          [i] { (void)plumb::SleepFor(absl::Minutes(i % 2 == 0 ? 30 : 90)); }));
    }
    Yield();
    TakeTurns(state, Clock::Real().MonotonicAfter(absl::Hours(1)));
    for (const Fiber& fiber : others) fiber.Cancel();
    JoinAll(others);
  });
}
BENCHMARK(BM_WakeParkAndSwitchWithDeadline)->Arg(0)->Arg(10000)->UseRealTime();

void BM_GoAndJoin(benchmark::State& state) {
  OnFiber([&] {
    for (auto _ : state) Go([] {}).Join();
  });
}
BENCHMARK(BM_GoAndJoin)->UseRealTime();

// As before each Read of a server; the clocks that it reads are most of it.
void BM_SetReadDeadline(benchmark::State& state) {
  const auto [conn, peer] = Pipe();
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        conn->SetReadDeadline(absl::Now() + absl::Minutes(1)));
  }
}
BENCHMARK(BM_SetReadDeadline);

}  // namespace
}  // namespace plumb
