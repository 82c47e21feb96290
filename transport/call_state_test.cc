// What of a Call and its CallState does not wait: another look at what ends it,
// whether one could go at once, a turn that others took for it.
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/gate.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

using Outcome = Call::Outcome;

TEST(CallTest, RecheckSeesWhatCameMeanwhile) {
  ManualClock clock;
  CallState state(clock);
  Call call(state, Direction::kRead);
  EXPECT_TRUE(call.Recheck());
  state.SetDeadline(Direction::kRead, clock.TimeNow() + absl::Seconds(1));
  EXPECT_TRUE(call.Recheck());
  clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(call.ok());
  EXPECT_FALSE(call.Recheck());
  EXPECT_EQ(call.outcome(), Outcome::kTimeout);
  state.SetDeadline(Direction::kRead, absl::InfiniteFuture());
  EXPECT_FALSE(call.Recheck());  // ended for good
}

TEST(CallTest, RecheckSeesAClose) {
  CallState state(Clock::Real());
  std::thread closer;
  {
    Call call(state, Direction::kRead);
    closer = std::thread([&state] {
      EXPECT_TRUE(state.Close());
      state.Done();
    });
    while (call.Recheck()) std::this_thread::yield();
    EXPECT_EQ(call.outcome(), Outcome::kClosed);
    EXPECT_TRUE(call.inside());
  }
  closer.join();
}

TEST(CallStateTest, MayGoAtOnceWhereACallWould) {
  ManualClock clock;
  CallState state(clock);
  const Waiter& waiter = Waiter::Current();
  const auto may_read = [&] {
    return state.MayGoAtOnce(Direction::kRead, waiter);
  };
  EXPECT_TRUE(may_read());
  {
    const Call call(state, Direction::kRead);
    EXPECT_FALSE(may_read());
    EXPECT_TRUE(state.MayGoAtOnce(Direction::kWrite, waiter));
  }
  EXPECT_TRUE(may_read());
  state.SetDeadline(Direction::kRead, absl::InfiniteFuture());
  EXPECT_TRUE(may_read());
  state.SetDeadline(Direction::kRead, clock.TimeNow() + absl::Hours(1));
  EXPECT_FALSE(may_read());
  state.SetDeadline(Direction::kRead, absl::InfiniteFuture());
  {
    const DeadlineScope scope(absl::Hours(1));
    EXPECT_FALSE(may_read());
  }
  CancelSource source;
  {
    const CancelScope scope(source);
    EXPECT_TRUE(may_read());
    source.Cancel();
    EXPECT_FALSE(may_read());
  }
  EXPECT_TRUE(may_read());
  ASSERT_TRUE(state.Close());
  EXPECT_FALSE(may_read());
  state.Done();
}

TEST(CallStateTest, ACallGoesOnWithTheTurnThatOthersTookForIt) {
  CallState state(Clock::Real());
  EXPECT_EQ(state.EnterFor(Direction::kRead), Gate::Turn::kTaken);
  {
    const Call call(state, Direction::kRead, Call::HasTurn());
    EXPECT_TRUE(call.ok());
    // It is only counted in while another has the turn.
    EXPECT_EQ(state.EnterFor(Direction::kRead), Gate::Turn::kQueued);
    state.Leave();
    EXPECT_FALSE(state.MayGoAtOnce(Direction::kRead, Waiter::Current()));
  }
  EXPECT_TRUE(state.MayGoAtOnce(Direction::kRead, Waiter::Current()));
  ASSERT_TRUE(state.Close());
  EXPECT_EQ(state.EnterFor(Direction::kRead), Gate::Turn::kClosed);
  state.Done();
}

}  // namespace
}  // namespace plumb
