#include "transport/latch.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"

namespace plumb {
namespace {

using LatchTest = testing::TestWithParam<CrewKind>;

TEST_P(LatchTest, TheLastOpensIt) {
  Latch latch(20);
  Crew crew(GetParam());
  for (int i = 0; i < 5; ++i) {
    crew.Go([&] { EXPECT_EQ(latch.Wait(), absl::OkStatus()); });
  }
  for (int i = 0; i < 9; ++i) crew.Go([&] { latch.CountDown(2); });
  latch.CountDown();
  EXPECT_FALSE(latch.IsOpen());
  latch.CountDown();
  crew.Join();
  EXPECT_TRUE(latch.IsOpen());
  EXPECT_EQ(latch.Wait(), absl::OkStatus());
}

TEST_P(LatchTest, OfNoneIsOpen) {
  Latch latch(0);
  Crew crew(GetParam());
  crew.Go([&] { EXPECT_EQ(latch.Wait(), absl::OkStatus()); });
  crew.Join();
  EXPECT_TRUE(latch.IsOpen());
}

TEST_P(LatchTest, ItsDeadlineEndsAWait) {
  ManualClock clock;
  Latch latch(1);
  Crew crew(GetParam());
  crew.Go([&] {
    const absl::Status status =
        latch.WaitUntil(clock.TimeNow() + absl::Seconds(1), clock);
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(status.message(), "wait: i/o timeout");
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(1));
}

TEST_P(LatchTest, CancelEndsAWait) {
  CancelSource stop;
  Latch latch(1);
  Crew crew(GetParam());
  crew.Go([&] {
    const CancelScope scope(stop);
    EXPECT_TRUE(IsCancelledCall(latch.Wait()));
  });
  stop.Cancel();
}

TEST_P(LatchTest, MayBeDestroyedWhenWaitReturns) {
  Crew crew(GetParam());
  for (int i = 0; i < 200; ++i) {
    auto latch = std::make_unique<Latch>(2);
    crew.Go([raw = latch.get()] { raw->CountDown(); });
    crew.Go([raw = latch.get()] { raw->CountDown(); });
    ASSERT_EQ(latch->Wait(), absl::OkStatus());
    latch.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Crews, LatchTest, AllCrews(), CrewName);

TEST(LatchDeathTest, BelowZeroIsAMistake) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(Latch(1).CountDown(2), "plumb::Latch: counted down by 2 from 1");
}

}  // namespace
}  // namespace plumb
