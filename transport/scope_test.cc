#include "transport/scope.h"

#include <csignal>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/manual_clock.h"
#include "transport/sleep.h"
#include "transport/stop_on_signal.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

TEST(ScopeTest, ADeadlineScopeEndsASleep) {
  ManualClock clock;
  std::thread sleeper([&] {
    DeadlineScope limit(absl::Seconds(1), clock);
    const absl::Status status = plumb::SleepFor(absl::Seconds(5), clock);
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(status.message(), "sleep: i/o timeout");
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kScopeTimeout);
    EXPECT_LT(clock.MonotonicNow(), 5000000000);
  });
  clock.AwaitAlarms(2);
  clock.AdvanceToNextAlarm();
  sleeper.join();
}

TEST(ScopeTest, TheEarliestOfNestedDeadlinesWins) {
  ManualClock clock;
  std::thread sleeper([&] {
    DeadlineScope outer(absl::Seconds(1), clock);
    DeadlineScope inner(absl::Seconds(3), clock);
    EXPECT_TRUE(IsTimeout(plumb::SleepFor(absl::Seconds(5), clock)));
    EXPECT_LT(clock.TimeNow(), absl::FromUnixSeconds(1600000003));
  });
  clock.AwaitAlarms(3);
  clock.AdvanceToNextAlarm();
  sleeper.join();
}

TEST(ScopeTest, ASleepIsNeverShort) {
  ManualClock clock;
  std::thread sleeper([&] {
    const absl::Time start = clock.TimeNow();
    EXPECT_TRUE(plumb::SleepFor(absl::Seconds(2), clock).ok());
    EXPECT_GE(clock.TimeNow(), start + absl::Seconds(2));
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(clock.alarm_count(), 1u);
  clock.Advance(absl::Seconds(2));
  sleeper.join();
}

TEST(ScopeTest, ZeroSleepLooksAtTheScopes) {
  EXPECT_TRUE(plumb::SleepFor(absl::ZeroDuration()).ok());
  CancelScope scope;
  scope.Cancel();
  EXPECT_TRUE(IsCancelledCall(plumb::SleepFor(absl::ZeroDuration())));
}

TEST(ScopeTest, CancelEndsASleepFromAnotherThread) {
  CancelSource stop;
  std::thread sleeper([&] {
    CancelScope scope(stop);
    const absl::Status status = plumb::SleepUntil(absl::InfiniteFuture());
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(status.message(), "sleep: operation was canceled");
  });
  stop.Cancel();
  EXPECT_TRUE(stop.cancelled());
  sleeper.join();
}

TEST(ScopeTest, ACancelBeatsADeadline) {
  ManualClock clock;
  CancelScope cancel;
  DeadlineScope passed(absl::ZeroDuration(), clock);
  EXPECT_TRUE(IsTimeout(plumb::SleepFor(absl::Seconds(1), clock)));
  cancel.Cancel();
  EXPECT_TRUE(IsCancelledCall(plumb::SleepFor(absl::Seconds(1), clock)));
}

TEST(ScopeTest, AShieldHidesTheOuterScopes) {
  CancelScope cancel;
  cancel.Cancel();
  {
    ShieldScope shield;
    EXPECT_TRUE(plumb::SleepFor(absl::ZeroDuration()).ok());
    CancelScope inner;
    inner.Cancel();
    EXPECT_TRUE(IsCancelledCall(plumb::SleepFor(absl::ZeroDuration())));
  }
  EXPECT_TRUE(IsCancelledCall(plumb::SleepFor(absl::ZeroDuration())));
}

bool MayEnd() { return Waiter::Current().scopes_may_end(); }

TEST(ScopeTest, ACallLooksAtScopesWhenOneWasCancelled) {
  EXPECT_FALSE(MayEnd());
  CancelSource source;
  {
    CancelScope scope(source);
    {
      CancelScope inner;
      EXPECT_FALSE(MayEnd());
      inner.Cancel();
      EXPECT_TRUE(MayEnd());
    }
    EXPECT_FALSE(MayEnd());
    source.Cancel();
    EXPECT_TRUE(MayEnd());
    {
      ShieldScope shield;
      EXPECT_FALSE(MayEnd());
    }
    EXPECT_TRUE(MayEnd());
  }
  EXPECT_FALSE(MayEnd());
  CancelScope late(source);
  EXPECT_TRUE(MayEnd());
}

TEST(ScopeTest, ACallLooksAtScopesWhenOneHasADeadline) {
  CancelScope outer;
  {
    DeadlineScope never(absl::InfiniteFuture());
    EXPECT_FALSE(MayEnd());
    DeadlineScope limit(absl::Hours(1));
    EXPECT_TRUE(MayEnd());
    CancelScope inner;
    EXPECT_TRUE(MayEnd());
    {
      ShieldScope shield;
      EXPECT_FALSE(MayEnd());
      DeadlineScope other(absl::Hours(1));
      EXPECT_TRUE(MayEnd());
    }
    EXPECT_TRUE(MayEnd());
  }
  EXPECT_FALSE(MayEnd());
}

TEST(ScopeTest, AScopeEndsWithItsBlock) {
  {
    CancelScope cancel;
    cancel.Cancel();
  }
  EXPECT_TRUE(plumb::SleepFor(absl::ZeroDuration()).ok());
}

TEST(StopOnSignalTest, TheFirstSignalCancels) {
  StopOnSignal stop({SIGUSR1});
  CancelScope scope(stop.source());
  std::thread raiser([] { raise(SIGUSR1); });
  EXPECT_TRUE(IsCancelledCall(plumb::SleepUntil(absl::InfiniteFuture())));
  raiser.join();
}

TEST(StopOnSignalTest, GivesTheSignalBack) {
  struct sigaction before, after;
  sigaction(SIGUSR2, nullptr, &before);
  { StopOnSignal stop({SIGUSR2}); }
  sigaction(SIGUSR2, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST(StopOnSignalDeathTest, TheSecondSignalDoesWhatItDidBefore) {
  EXPECT_EXIT(
      {
        StopOnSignal stop({SIGUSR1});
        CancelScope scope(stop.source());
        raise(SIGUSR1);
        (void)plumb::SleepUntil(absl::InfiniteFuture());
        raise(SIGUSR1);
      },
      ::testing::KilledBySignal(SIGUSR1), "");
}

}  // namespace
}  // namespace plumb
