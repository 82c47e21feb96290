#include "transport/fiber/fiber_group.h"

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/scheduler.h"
#include "transport/sleep.h"

namespace plumb {
namespace {

class FiberGroupTest : public testing::TestWithParam<int> {
 protected:
  // On a fiber of a Runtime with as many workers as the parameter says.
  void Run(absl::AnyInvocable<void()> function) {
    RuntimeOptions options;
    options.workers = GetParam();
    Runtime runtime(options);
    runtime.Go(std::move(function)).Join();
  }
};

TEST_P(FiberGroupTest, WaitsForAll) {
  Run([] {
    std::atomic<int> count{0};
    FiberGroup group;
    for (int i = 0; i < 200; ++i) {
      group.Go([&] {
        Yield();
        ++count;
        return absl::OkStatus();
      });
    }
    EXPECT_EQ(group.Wait(), absl::OkStatus());
    EXPECT_EQ(count, 200);
  });
}

TEST_P(FiberGroupTest, NoneIsOk) {
  Run([] { EXPECT_EQ(FiberGroup().Wait(), absl::OkStatus()); });
}

TEST_P(FiberGroupTest, TheFirstErrorCancelsTheRest) {
  Run([] {
    Event never;
    std::atomic<int> cancelled{0};
    FiberGroup group;
    for (int i = 0; i < 20; ++i) {
      group.Go([&] {
        const absl::Status status = never.Wait();
        if (IsCancelledCall(status)) ++cancelled;
        return status;
      });
    }
    group.Go([] {
      Yield();
      return absl::InternalError("first");
    });
    EXPECT_EQ(group.Wait(), absl::InternalError("first"));
    EXPECT_EQ(cancelled, 20);
  });
}

TEST_P(FiberGroupTest, CancelIsForThoseThatStartLaterToo) {
  Run([] {
    FiberGroup group;
    group.Cancel();
    group.Go([] { return plumb::SleepFor(absl::ZeroDuration()); });
    EXPECT_EQ(group.Wait().message(), "sleep: operation was canceled");
  });
}

TEST_P(FiberGroupTest, ThreadsAndOtherRuntimesMayStartAndCancel) {
  RuntimeOptions options;
  options.workers = 1;
  Runtime other(options);
  using Function = std::function<void()>;
  const std::function<void(Function)> kElsewhere[] = {
      [](Function function) { std::thread(std::move(function)).join(); },
      [&](Function function) { other.Go(std::move(function)).Join(); },
  };
  Run([&] {
    const Scheduler* const own = Scheduler::Current();
    for (const auto& elsewhere : kElsewhere) {
      Event never;
      std::atomic<int> cancelled{0};
      FiberGroup group;
      for (int i = 0; i < 20; ++i) {
        elsewhere([&] {
          group.Go([&] {
            EXPECT_EQ(Scheduler::Current(), own);
            const absl::Status status = never.Wait();
            if (IsCancelledCall(status)) ++cancelled;
            return status;
          });
        });
      }
      elsewhere([&] { group.Cancel(); });
      EXPECT_TRUE(IsCancelledCall(group.Wait()));
      EXPECT_EQ(cancelled, 20);
    }
  });
}

TEST_P(FiberGroupTest, TheEndOfTheGroupCancelsAndWaits) {
  Run([] {
    Event never;
    bool ended = false;
    {
      FiberGroup group;
      group.Go([&] {
        const absl::Status status = never.Wait();
        ended = true;
        return status;
      });
    }
    EXPECT_TRUE(ended);
  });
}

TEST_P(FiberGroupTest, WhatAFunctionHoldsGoesBeforeWaitReturns) {
  Run([] {
    auto held = std::make_shared<int>(1);
    FiberGroup group;
    group.Go([held] { return absl::OkStatus(); });
    EXPECT_EQ(group.Wait(), absl::OkStatus());
    EXPECT_EQ(held.use_count(), 1);
  });
}

TEST_P(FiberGroupTest, CancellingAFiberReachesTheGroupsInsideIt) {
  Run([] {
    Event never;
    absl::Status status;
    const Fiber outer = Go([&] {
      FiberGroup group;
      group.Go([&] {
        FiberGroup inner;
        inner.Go([&] { return never.Wait(); });
        return inner.Wait();
      });
      status = group.Wait();
    });
    Yield();
    outer.Cancel();
    outer.Join();
    EXPECT_TRUE(IsCancelledCall(status)) << status;
  });
}

TEST_P(FiberGroupTest, CancellingAnOuterGroupReachesTheInner) {
  Run([] {
    Event never;
    FiberGroup group;
    group.Go([&] {
      FiberGroup inner;
      inner.Go([&] { return never.Wait(); });
      return inner.Wait();
    });
    Yield();
    group.Cancel();
    EXPECT_TRUE(IsCancelledCall(group.Wait()));
  });
}

INSTANTIATE_TEST_SUITE_P(Workers, FiberGroupTest, testing::Values(1, 3));

TEST(FiberGroupDeathTest, NeedsARuntime) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(FiberGroup(), "plumb::FiberGroup: there is no Runtime");
}

}  // namespace
}  // namespace plumb
