// On which threads fibers run, and what a worker does between them.
#include <sched.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/event.h"
#include "transport/fiber/epoll_waits_for_test.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/sleep.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

TEST(RuntimeTest, AnIdleWorkerTakesFibersThatHaveNotStarted) {
  Runtime runtime(Workers(2));
  Event started;
  runtime
      .Go([&] {
        Go([&] { started.Notify(); });
        // Blocks this worker's thread, so that only the other one can.
        while (!started.HasBeenNotified()) std::this_thread::yield();
      })
      .Join();
}

TEST(RuntimeTest, AFiberStaysOnItsThread) {
  Runtime runtime(Workers(3));
  std::vector<Fiber> fibers;
  for (int i = 0; i < 50; ++i) {
    fibers.push_back(runtime.Go([] {
      const std::thread::id here = std::this_thread::get_id();
      for (int j = 0; j < 20; ++j) {
        EXPECT_EQ(plumb::SleepFor(absl::Microseconds(10)), absl::OkStatus());
        EXPECT_EQ(std::this_thread::get_id(), here);
      }
    }));
  }
  for (const Fiber& fiber : fibers) fiber.Join();
}

// The processors that the calling thread may be on.
std::set<int> Processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  std::set<int> processors;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(static_cast<size_t>(i), &set)) processors.insert(i);
  }
  return processors;
}

TEST(RuntimeTest, AWorkerIsPinnedWhenAskedFor) {
  const std::set<int> all = Processors();
  for (const bool pin : {false, true}) {
    RuntimeOptions options = Workers(1);
    options.pin_workers = pin;
    Runtime runtime(options);
    std::set<int> own;
    runtime.Go([&] { own = Processors(); }).Join();
    EXPECT_EQ(own.size(), pin ? 1 : all.size());
  }
}

// What the worker of a fiber that waits has called.
struct WorkerCalls {
  int looks, waits;
};

// Those of one that had nothing to do until they were `enough`.
WorkerCalls CallsOfAnIdleWorker(absl::Duration spin,
                                bool (*enough)(WorkerCalls)) {
  RuntimeOptions options = Workers(1);
  options.spin = spin;
  Runtime runtime(options);
  std::atomic<bool> started{false};
  Event release;
  const Fiber fiber = runtime.Go([&] {
    epoll_looks = 0;
    epoll_waits = 0;
    started = true;
    EXPECT_EQ(release.Wait(), absl::OkStatus());
  });
  WorkerCalls calls = {};
  EXPECT_TRUE(WaitUntil(
      [&] {
        if (!started) return false;
        calls = {epoll_looks, epoll_waits};
        return enough(calls);
      },
      "the worker has called enough"));
  release.Notify();
  fiber.Join();
  return calls;
}

TEST(RuntimeTest, AnIdleWorkerSleeps) {
  const WorkerCalls calls =
      CallsOfAnIdleWorker(absl::ZeroDuration(),
                          [](WorkerCalls so_far) { return so_far.waits > 0; });
  EXPECT_LE(calls.looks, 1);
}

TEST(RuntimeTest, AWorkerThatSpinsKeepsTheProcessor) {
  const WorkerCalls calls = CallsOfAnIdleWorker(
      absl::Hours(1), [](WorkerCalls so_far) { return so_far.looks >= 1000; });
  EXPECT_EQ(calls.waits, 0);
}

TEST(RuntimeTest, CallsThatDoNotWaitYieldFromTimeToTime) {
  Runtime runtime(Workers(1));
  bool stop = false;
  int calls = 0;
  runtime
      .Go([&] {
        const Fiber other = Go([&] { stop = true; });
        while (!stop) {
          ++calls;
          Waiter::Current().CountCall();
        }
        other.Join();
      })
      .Join();
  EXPECT_EQ(calls, 64);
}

TEST(RuntimeTest, TimersAreSeenWhileFibersRunAllTheTime) {
  Runtime runtime(Workers(1));
  bool stop = false;
  std::vector<Fiber> fibers;
  for (int i = 0; i < 3; ++i) {
    fibers.push_back(runtime.Go([&] {
      while (!stop) Yield();
    }));
  }
  runtime
      .Go([&] {
        EXPECT_EQ(plumb::SleepFor(absl::Milliseconds(1)), absl::OkStatus());
        stop = true;
      })
      .Join();
  for (const Fiber& fiber : fibers) fiber.Join();
}

}  // namespace
}  // namespace plumb
