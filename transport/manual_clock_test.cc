#include "transport/manual_clock.h"

#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(ManualClockTest, StandsStillUntilTold) {
  ManualClock clock(absl::FromUnixSeconds(100));
  EXPECT_EQ(clock.TimeNow(), absl::FromUnixSeconds(100));
  EXPECT_EQ(clock.MonotonicNow(), 0);
  clock.Advance(absl::Seconds(2));
  EXPECT_EQ(clock.TimeNow(), absl::FromUnixSeconds(102));
  EXPECT_EQ(clock.MonotonicNow(), 2000000000);
  clock.Advance(-absl::Seconds(1));
  EXPECT_EQ(clock.MonotonicNow(), 2000000000);
}

// C-TM.
TEST(ManualClockTest, AlarmsRunInOrderAndAtTheirTime) {
  ManualClock clock;
  std::vector<MonotonicNanos> seen;
  for (MonotonicNanos when : {30, 10, 20}) {
    clock.CallAt(when, [&] { seen.push_back(clock.MonotonicNow()); });
  }
  clock.Advance(absl::Nanoseconds(25));
  EXPECT_EQ(seen, (std::vector<MonotonicNanos>{10, 20}));
  EXPECT_EQ(clock.MonotonicNow(), 25);
  EXPECT_TRUE(clock.AdvanceToNextAlarm());
  EXPECT_EQ(seen.back(), 30);
  EXPECT_FALSE(clock.AdvanceToNextAlarm());
}

TEST(ManualClockTest, AnAlarmInThePastRunsAtOnce) {
  ManualClock clock;
  bool called = false;
  const AlarmClock::AlarmId id = clock.CallAt(0, [&] { called = true; });
  EXPECT_TRUE(called);
  EXPECT_FALSE(clock.Cancel(id));
}

TEST(ManualClockTest, ACancelledAlarmNeverRuns) {
  ManualClock clock;
  const AlarmClock::AlarmId id = clock.CallAt(10, [] { FAIL(); });
  EXPECT_EQ(clock.alarm_count(), 1u);
  EXPECT_TRUE(clock.Cancel(id));
  EXPECT_FALSE(clock.Cancel(id));
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(clock.alarm_count(), 0u);
}

TEST(ManualClockTest, AwaitAlarmsBlocksUntilTheyAreSet) {
  ManualClock clock;
  std::thread setter([&] {
    clock.CallAt(10, [] {});
    clock.CallAt(20, [] {});
  });
  clock.AwaitAlarms(2);
  EXPECT_EQ(clock.alarm_count(), 2u);
  setter.join();
}

TEST(ManualClockTest, ToMonotonic) {
  ManualClock clock;
  clock.Advance(absl::Seconds(1));
  const MonotonicNanos now = clock.MonotonicNow();
  EXPECT_EQ(clock.ToMonotonic(absl::InfiniteFuture()), kNever);
  EXPECT_EQ(clock.ToMonotonic(absl::Time()), now);
  EXPECT_EQ(clock.ToMonotonic(absl::InfinitePast()), now);
  EXPECT_EQ(clock.ToMonotonic(clock.TimeNow()), now);
  EXPECT_GE(clock.ToMonotonic(clock.TimeNow() + absl::Nanoseconds(5)), now + 5);
  // Further away than the scale reaches.
  EXPECT_EQ(clock.ToMonotonic(clock.TimeNow() + absl::Hours(24 * 365 * 400)),
            kNever);
}

TEST(RealClockTest, GoesForward) {
  Clock& clock = Clock::Real();
  EXPECT_EQ(clock.alarms(), nullptr);
  const MonotonicNanos first = clock.MonotonicNow();
  EXPECT_LE(first, clock.MonotonicNow());
}

}  // namespace
}  // namespace plumb
