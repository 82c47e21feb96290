#include "transport/clock.h"

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(RealClockTest, WhatHasPassed) {
  const Clock& clock = Clock::Real();
  EXPECT_TRUE(clock.HasPassed(0));
  EXPECT_TRUE(clock.HasPassed(clock.MonotonicNow()));
  EXPECT_FALSE(clock.HasPassed(clock.MonotonicAfter(absl::Hours(1))));
  EXPECT_FALSE(clock.HasPassed(kNever));
}

TEST(RealClockTest, NothingPassesEarly) {
  const Clock& clock = Clock::Real();
  // Near enough that each look reads the exact clock, and far enough that the
  // first ones need not.
  for (const int ms : {1, 130}) {
    const MonotonicNanos when = clock.MonotonicAfter(absl::Milliseconds(ms));
    while (!clock.HasPassed(when)) {
    }
    EXPECT_GE(clock.MonotonicNow(), when);
  }
}

TEST(RealClockTest, TheCalendarsTimesOnTheMonotonicScale) {
  const Clock& clock = Clock::Real();
  EXPECT_EQ(clock.ToMonotonic(absl::InfiniteFuture()), kNever);
  const MonotonicNanos past = clock.ToMonotonic(absl::InfinitePast());
  EXPECT_LE(past, clock.MonotonicNow());
  const MonotonicNanos before = clock.MonotonicAfter(absl::Hours(1));
  EXPECT_GE(clock.ToMonotonic(absl::Now() + absl::Hours(1)), before);
}

}  // namespace
}  // namespace plumb
