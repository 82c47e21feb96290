#include "transport/call.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

using Outcome = Call::Outcome;

void AwaitBlocked(const CallState& state, Direction direction, int count) {
  while (state.Blocked(direction) != count) std::this_thread::yield();
}

// The smallest object with a blocking call: a counter to take from.
class Tokens {
 public:
  explicit Tokens(Clock& clock = Clock::Real()) : state_(clock) {}

  Outcome Take() {
    Call call(state_, Direction::kRead);
    while (call.ok()) {
      int have = tokens_.load();
      while (have > 0) {
        if (tokens_.compare_exchange_weak(have, have - 1)) return Outcome::kGo;
      }
      call.Wait();
    }
    return call.outcome();
  }

  void Put() {
    ++tokens_;
    state_.Signal(Direction::kRead);
  }

  bool Close() {
    if (!state_.Close()) return false;
    state_.Done();
    return true;
  }

  CallState& state() { return state_; }
  int tokens() const { return tokens_; }

 private:
  std::atomic<int> tokens_{0};
  CallState state_;
};

// The same over a descriptor.
class TakeOp final : public Op {
 public:
  explicit TakeOp(int fd) : Op(fd, Direction::kRead) {}
  bool Attempt() override {
    ++attempts_;
    uint64_t count;
    return read(descriptor(), &count, sizeof count) == sizeof count;
  }
  int attempts() const { return attempts_; }

 private:
  int attempts_ = 0;
};

class Semaphore {
 public:
  Semaphore() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE)) {}
  ~Semaphore() { Close(); }

  Outcome Take() {
    Call call(state_, Direction::kRead);
    if (!call.ok()) return call.outcome();
    TakeOp op(fd_);
    call.Run(op);
    return call.outcome();
  }
  void Put() {
    const uint64_t one = 1;
    ASSERT_EQ(write(fd_, &one, sizeof one), 8);
  }
  bool Close() {
    if (!state_.Close()) return false;
    close(fd_);
    state_.Done();
    return true;
  }
  CallState& state() { return state_; }

 private:
  const int fd_;
  CallState state_{Clock::Real()};
};

template <typename T>
class CallTest : public ::testing::Test {};
using Objects = ::testing::Types<Tokens, Semaphore>;
TYPED_TEST_SUITE(CallTest, Objects);

TYPED_TEST(CallTest, TakesWhatIsThere) {
  TypeParam object;
  object.Put();
  EXPECT_EQ(object.Take(), Outcome::kGo);
}

TYPED_TEST(CallTest, WaitsForNews) {
  TypeParam object;
  std::thread taker([&] { EXPECT_EQ(object.Take(), Outcome::kGo); });
  AwaitBlocked(object.state(), Direction::kRead, 1);
  object.Put();
  taker.join();
}

TYPED_TEST(CallTest, TakersTakeTurns) {
  TypeParam object;
  std::vector<std::thread> takers;
  for (int i = 0; i < 4; ++i) {
    takers.emplace_back([&] { EXPECT_EQ(object.Take(), Outcome::kGo); });
  }
  AwaitBlocked(object.state(), Direction::kRead, 4);
  for (int i = 0; i < 4; ++i) object.Put();
  for (std::thread& taker : takers) taker.join();
}

TYPED_TEST(CallTest, CloseEndsTheOneInTurnAndThoseInTheQueue) {
  TypeParam object;
  std::vector<std::thread> takers;
  for (int i = 0; i < 3; ++i) {
    takers.emplace_back([&] { EXPECT_EQ(object.Take(), Outcome::kClosed); });
  }
  AwaitBlocked(object.state(), Direction::kRead, 3);
  EXPECT_TRUE(object.Close());
  for (std::thread& taker : takers) taker.join();
  EXPECT_EQ(object.Take(), Outcome::kClosed);
  EXPECT_FALSE(object.Close());
}

TYPED_TEST(CallTest, AnObjectMayBeDestroyedUnderItsWaiters) {
  for (int i = 0; i < 300; ++i) {
    auto object = std::make_unique<TypeParam>();
    std::vector<std::thread> takers;
    for (int j = 0; j < 2; ++j) {
      takers.emplace_back([&, raw = object.get()] {
        EXPECT_EQ(raw->Take(), Outcome::kClosed);
      });
    }
    AwaitBlocked(object->state(), Direction::kRead, 2);
    object->Close();
    object.reset();
    for (std::thread& taker : takers) taker.join();
  }
}

TYPED_TEST(CallTest, APassedDeadlineBeatsWork) {
  TypeParam object;
  object.Put();
  EXPECT_TRUE(object.state().SetDeadline(Direction::kRead, absl::Time()));
  EXPECT_EQ(object.Take(), Outcome::kTimeout);
  EXPECT_EQ(object.Take(), Outcome::kTimeout);
  object.state().SetDeadline(Direction::kRead, absl::InfiniteFuture());
  EXPECT_EQ(object.Take(), Outcome::kGo);
}

TYPED_TEST(CallTest, ADeadlineMovedIntoThePastEndsAllWaits) {
  TypeParam object;
  std::vector<std::thread> takers;
  for (int i = 0; i < 3; ++i) {
    takers.emplace_back([&] { EXPECT_EQ(object.Take(), Outcome::kTimeout); });
  }
  AwaitBlocked(object.state(), Direction::kRead, 3);
  object.state().SetDeadline(Direction::kRead, absl::InfinitePast());
  for (std::thread& taker : takers) taker.join();
}

TYPED_TEST(CallTest, AFutureDeadlineIsNotEarly) {
  TypeParam object;
  const absl::Time when = Clock::Real().TimeNow() + absl::Milliseconds(20);
  object.state().SetDeadline(Direction::kBoth, when);
  EXPECT_EQ(object.Take(), Outcome::kTimeout);
  EXPECT_GE(Clock::Real().TimeNow(), when);
}

TYPED_TEST(CallTest, OtherDirectionsDeadlineDoesNotMatter) {
  TypeParam object;
  object.Put();
  object.state().SetDeadline(Direction::kWrite, absl::InfinitePast());
  EXPECT_EQ(object.Take(), Outcome::kGo);
}

TYPED_TEST(CallTest, CancelEndsTheOneInTurnAndThoseInTheQueue) {
  TypeParam object;
  CancelSource stop;
  std::vector<std::thread> takers;
  for (int i = 0; i < 3; ++i) {
    takers.emplace_back([&] {
      CancelScope scope(stop);
      EXPECT_EQ(object.Take(), Outcome::kCancelled);
    });
  }
  AwaitBlocked(object.state(), Direction::kRead, 3);
  stop.Cancel();
  for (std::thread& taker : takers) taker.join();
  object.Put();
  EXPECT_EQ(object.Take(), Outcome::kGo);
}

TYPED_TEST(CallTest, ADeadlineScopeEndsTheWait) {
  TypeParam object;
  DeadlineScope limit(absl::Milliseconds(5));
  EXPECT_EQ(object.Take(), Outcome::kScopeTimeout);
}

TYPED_TEST(CallTest, OrderOfChecks) {
  TypeParam object;
  object.Put();
  object.state().SetDeadline(Direction::kRead, absl::InfinitePast());
  EXPECT_EQ(object.Take(), Outcome::kTimeout);
  CancelScope cancel;
  cancel.Cancel();
  EXPECT_EQ(object.Take(), Outcome::kCancelled);
  object.Close();
  EXPECT_EQ(object.Take(), Outcome::kClosed);
}

TYPED_TEST(CallTest, SetDeadlineFailsWhenClosed) {
  TypeParam object;
  object.Close();
  EXPECT_FALSE(object.state().SetDeadline(Direction::kBoth, absl::Time()));
}

TEST(CallManualClockTest, ADeadlinePassesWhenTheClockIsMoved) {
  ManualClock clock;
  Tokens object(clock);
  object.state().SetDeadline(Direction::kRead,
                             clock.TimeNow() + absl::Hours(1));
  std::thread taker([&] { EXPECT_EQ(object.Take(), Outcome::kTimeout); });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Hours(2));
  taker.join();
  EXPECT_EQ(clock.alarm_count(), 0u);
}

TEST(CallManualClockTest, PauseLastsItsTime) {
  ManualClock clock;
  CallState state(clock);
  std::thread pauser([&] {
    Call call(state, Direction::kWrite);
    EXPECT_TRUE(call.Pause(absl::Milliseconds(50)));
    EXPECT_GE(clock.MonotonicNow(), 50000000);
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Milliseconds(50));
  pauser.join();
}

TEST(CallTest, RunAfterWaitDoesNotTryFirst) {
  CallState state(Clock::Real());
  const int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  {
    Call call(state, Direction::kRead);
    TakeOp op(fd);
    EXPECT_TRUE(call.RunAfterWait(op));
    EXPECT_EQ(op.attempts(), 1);
  }
  close(fd);
}

TEST(CallErrorTest, EachOutcomeHasItsText) {
  ErrorInfo info;
  info.op = "read";
  info.network = "tcp";
  EXPECT_EQ(CallError(Outcome::kClosed, info).message(),
            "read tcp: use of closed network connection");
  EXPECT_EQ(CallError(Outcome::kCancelled, info).message(),
            "read tcp: operation was canceled");
  EXPECT_EQ(CallError(Outcome::kTimeout, info).message(),
            "read tcp: i/o timeout");
  const absl::Status scope = CallError(Outcome::kScopeTimeout, info);
  EXPECT_EQ(scope.message(), "read tcp: i/o timeout");
  EXPECT_EQ(GetErrorInfo(scope)->kind, ErrorKind::kScopeTimeout);
}

// Those who were blocked still know what to say when the object is gone.
TEST(CallErrorTest, NamesOutliveTheObject) {
  auto names = std::make_shared<CallNames>();
  names->network = "tcp";
  names->source = Addr::Tcp(IpAddr::LoopbackV4(), 1);
  names->addr = Addr::Tcp(IpAddr::LoopbackV4(), 2);
  auto state = std::make_unique<CallState>(Clock::Real(), names);
  names.reset();
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([raw = state.get()] {
      Call call(*raw, Direction::kRead);
      while (call.Wait()) {
      }
      EXPECT_EQ(call.Error("read").message(),
                "read tcp 127.0.0.1:1->127.0.0.1:2: use of closed network "
                "connection");
    });
  }
  AwaitBlocked(*state, Direction::kRead, 2);
  ASSERT_TRUE(state->Close());
  state->Done();
  state.reset();
  for (std::thread& reader : readers) reader.join();
}

// No token is lost or made, whatever ends the waits in between.
TEST(CallStressTest, TokensAreKept) {
  Tokens object;
  std::atomic<int> taken{0};
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (;;) {
        Outcome outcome;
        if (i % 2 == 0) {
          outcome = object.Take();
        } else {
          DeadlineScope limit(absl::Microseconds(20));
          outcome = object.Take();
        }
        if (outcome == Outcome::kClosed) return;
        if (outcome == Outcome::kGo) ++taken;
      }
    });
  }
  std::thread mover([&] {
    while (!stop) {
      object.state().SetDeadline(Direction::kRead, absl::InfinitePast());
      object.state().SetDeadline(Direction::kRead, absl::InfiniteFuture());
    }
  });
  constexpr int kTokens = 5000;
  for (int i = 0; i < kTokens; ++i) object.Put();
  while (taken != kTokens) std::this_thread::yield();
  stop = true;
  mover.join();
  object.Close();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(object.tokens(), 0);
}

TEST(CallTest, WaitForEndsAtItsTime) {
  ManualClock clock;
  CallState state(clock);
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  std::thread waiter([&] {
    Call call(state, Direction::kRead);
    const TakeOp op(fd);
    EXPECT_TRUE(call.WaitFor(op, clock.MonotonicNow() + 1000));
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Nanoseconds(1000));
  waiter.join();
  close(fd);
}

}  // namespace
}  // namespace plumb
