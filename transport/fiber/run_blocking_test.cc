#include "transport/fiber/run_blocking.h"

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "testing/threads_for_test.h"
#include "transport/fiber/fiber_group.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"

namespace plumb {
namespace {

TEST(RunBlockingTest, ReturnsWhatTheFunctionReturns) {
  Runtime runtime(Workers(1));
  runtime
      .Go([] {
        EXPECT_EQ(RunBlocking([] { return std::string("result"); }), "result");
        EXPECT_EQ(*RunBlocking([] { return std::make_unique<int>(3); }), 3);
        bool called = false;
        RunBlocking([&] { called = true; });
        EXPECT_TRUE(called);
      })
      .Join();
}

// Fibers of one worker: one blocks, `meanwhile` runs, then the first goes on.
void WhileOneBlocks(std::function<void(const absl::Notification&)> meanwhile) {
  Runtime runtime(Workers(1));
  runtime
      .Go([&] {
        absl::Notification go_on;
        FiberGroup group;
        group.Go([&] {
          RunBlocking([&] { go_on.WaitForNotification(); });
          return absl::OkStatus();
        });
        group.Go([&] {
          meanwhile(go_on);
          return absl::OkStatus();
        });
        group.Go([&] {
          go_on.Notify();
          return absl::OkStatus();
        });
        EXPECT_EQ(group.Wait(), absl::OkStatus());
      })
      .Join();
}

TEST(RunBlockingTest, OtherFibersRunMeanwhile) {
  WhileOneBlocks([](const absl::Notification& go_on) {
    EXPECT_FALSE(go_on.HasBeenNotified());
  });
}

TEST(RunBlockingTest, WithoutAThreadItBlocksItsOwn) {
  Runtime runtime(Workers(1));
  runtime
      .Go([] {
        const std::thread::id here = std::this_thread::get_id();
        FailThreadsAfter(0, 1);
        EXPECT_EQ(RunBlocking([] { return std::this_thread::get_id(); }), here);
        EXPECT_NE(RunBlocking([] { return std::this_thread::get_id(); }), here);
      })
      .Join();
}

TEST(RunBlockingTest, WithoutAnotherThreadItWaitsForThoseThatThereAre) {
  WhileOneBlocks([](const absl::Notification& go_on) {
    FailThreadsAfter(0, 1);
    RunBlocking([&] { EXPECT_TRUE(go_on.HasBeenNotified()); });
  });
}

TEST(RunBlockingTest, MoreThanThereAreThreadsFor) {
  RuntimeOptions options = Workers(1);
  options.blocking_threads = 3;
  Runtime runtime(options);
  runtime
      .Go([] {
        std::atomic<int> now{0}, most{0}, count{0};
        FiberGroup group;
        for (int i = 0; i < 100; ++i) {
          group.Go([&] {
            RunBlocking([&] {
              int expected = most;
              const int running = ++now;
              while (running > expected &&
                     !most.compare_exchange_weak(expected, running)) {
              }
              std::this_thread::yield();
              --now;
              ++count;
            });
            return absl::OkStatus();
          });
        }
        EXPECT_EQ(group.Wait(), absl::OkStatus());
        EXPECT_EQ(count, 100);
        EXPECT_LE(most, 3);
      })
      .Join();
}

TEST(RunBlockingTest, InPlaceOnAThread) {
  const std::thread::id here = std::this_thread::get_id();
  EXPECT_EQ(RunBlocking([] { return std::this_thread::get_id(); }), here);
}

}  // namespace
}  // namespace plumb
