// What a Close waits for that lingers: on threads, on fibers, and on both.

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "gtest/gtest.h"
#include "testing/executor.h"
#include "testing/fiber_executor.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"

namespace plumb {
namespace {

constexpr size_t kKibibyte = 1024;

std::unique_ptr<Executor> MakeExecutor(const std::string& kind) {
  if (kind == "Threads") return MakeThreadExecutor();
  return kind == "Fibers" ? MakeFiberExecutor(2) : MakeMixedExecutor(2);
}

// Holds each end of a stream while it is told to.
class EndHolder final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    return holds_ && packet.Has(Packet::kFin) ? Judgement::Hold("end")
                                              : Judgement::Pass();
  }
  std::optional<Judgement> InFlight(const Packet&, absl::Time) override {
    return Judgement::Pass();
  }
  void Let() { holds_ = false; }

 private:
  std::atomic<bool> holds_{true};
};

// The default buffers hold 64 KiB each: what is written beyond the peer's is
// still to be sent.
class FakeLingerTest : public testing::TestWithParam<const char*> {
 protected:
  void OnExecutor(std::function<void()> body,
                  std::shared_ptr<LinkPolicy> policy = nullptr) {
    executor_ = MakeExecutor(GetParam());
    FakeNetworkOptions options;
    options.clock = &clock_;
    options.policy = std::move(policy);
    network_ = std::make_unique<FakeNetwork>(options);
    executor_->Run([&] {
      const auto listener = Must(network_->Host("db")->Listen("tcp", ":80"));
      both_ = Connect(*network_->Host("web"), *listener, "tcp", "db:80");
      body();
      both_ = Connected();
    });
  }

  Conn& near() { return *both_.client; }
  Conn& far() { return *both_.server; }
  void Linger(absl::Duration duration) {
    auto* const tcp = Extension<TcpControl>(near());
    ASSERT_NE(tcp, nullptr);
    ASSERT_TRUE(tcp->SetLinger(duration).ok());
  }
  void Write(size_t kibibytes) {
    ASSERT_TRUE(near().Write(std::string(kibibytes * kKibibyte, 'x')).ok());
  }
  // How much one Read takes.
  size_t Read(size_t kibibytes) {
    return ReadSome(far(), kibibytes * kKibibyte).size() / kKibibyte;
  }

  // A Close that waits.
  void StartClose() {
    closer_ = executor_->Go([this] {
      EXPECT_TRUE(near().Close().ok());
      closed_ = true;
    });
    AwaitAlarm();
  }
  // Until who waits does so with a time limit.
  void AwaitAlarm() {
    ASSERT_TRUE(WaitUntil([&] { return clock_.alarm_count() > 0; }, "alarm"));
  }
  void ExpectWaits() {
    AwaitAlarm();
    EXPECT_FALSE(closed_);
  }
  void ExpectClosed() {
    closer_->Join();
    EXPECT_TRUE(closed_);
    EXPECT_EQ(clock_.alarm_count(), 0u);
  }

  ManualClock clock_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<FakeNetwork> network_;
  Connected both_;
  std::unique_ptr<Task> closer_;
  std::atomic<bool> closed_{false};
};

TEST_P(FakeLingerTest, CloseWaitsUntilThePeerHasRoomForTheRest) {
  OnExecutor([&] {
    Linger(absl::Seconds(10));
    Write(100);
    StartClose();
    EXPECT_EQ(Read(35), 35u);
    ExpectWaits();
    EXPECT_EQ(Read(1), 1u);
    ExpectClosed();
    EXPECT_EQ(Read(100), 64u);
    EXPECT_EQ(ReadSome(far()), "EOF");
  });
}

// As Linux has it: nothing is taken back.
TEST_P(FakeLingerTest, AfterThatTimeTheRestIsSentAllTheSame) {
  OnExecutor([&] {
    Linger(absl::Seconds(10));
    Write(100);
    StartClose();
    clock_.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
    ExpectWaits();
    clock_.Advance(absl::Nanoseconds(1));
    ExpectClosed();
    EXPECT_EQ(Read(100), 100u);
    EXPECT_EQ(ReadSome(far()), "EOF");
  });
}

// socket(7) knows no others.
TEST_P(FakeLingerTest, TimesAreWholeSeconds) {
  OnExecutor([&] {
    Linger(absl::Milliseconds(1001));
    Write(100);
    StartClose();
    clock_.Advance(absl::Milliseconds(1999));
    ExpectWaits();
    clock_.Advance(absl::Milliseconds(1));
    ExpectClosed();
  });
}

TEST_P(FakeLingerTest, WhatThePeerHasRoomForIsNotWaitedFor) {
  OnExecutor([&] {
    Linger(absl::Seconds(10));
    Write(64);
    EXPECT_TRUE(near().Close().ok());
    EXPECT_EQ(clock_.alarm_count(), 0u);
    EXPECT_EQ(Read(100), 64u);
    EXPECT_EQ(ReadSome(far()), "EOF");
  });
}

TEST_P(FakeLingerTest, UnreadDataResetsAtOnce) {
  OnExecutor([&] {
    Linger(absl::Seconds(10));
    ASSERT_TRUE(far().Write("unread").ok());
    Write(100);
    EXPECT_TRUE(near().Close().ok());
    EXPECT_EQ(Read(100), 100u);
    char c;
    EXPECT_TRUE(IsReset(far().Read(absl::MakeSpan(&c, 1)).status()));
  });
}

TEST_P(FakeLingerTest, OneThatLingersNoMoreDoesNotWait) {
  OnExecutor([&] {
    Linger(absl::Seconds(10));
    Linger(-absl::Nanoseconds(1));
    Write(100);
    EXPECT_TRUE(near().Close().ok());
    EXPECT_EQ(Read(100), 100u);
    EXPECT_EQ(ReadSome(far()), "EOF");
  });
}

// Its own port is free then, and its address can be dialled from.
TEST_P(FakeLingerTest, APeerThatClosesEndsIt) {
  OnExecutor([&] {
    Linger(absl::Seconds(10));
    Write(100);
    StartClose();
    EXPECT_TRUE(far().Close().ok());
    ExpectClosed();
    EXPECT_TRUE(network_->Host("web")->Netstat().empty());
  });
}

// It is answered with a reset, as nobody will read it.
TEST_P(FakeLingerTest, DataOfThePeerEndsIt) {
  OnExecutor([&] {
    Linger(absl::Seconds(10));
    Write(100);
    StartClose();
    EXPECT_TRUE(far().Write("too late").ok());
    ExpectClosed();
  });
}

TEST_P(FakeLingerTest, NeitherAScopeNorADeadlineEndsIt) {
  OnExecutor([&] {
    Linger(absl::Seconds(10));
    Write(100);
    ASSERT_TRUE(near().SetDeadline(absl::Time()).ok());
    closer_ = executor_->Go([this] {
      CancelScope cancelled;
      cancelled.Cancel();
      EXPECT_TRUE(near().Close().ok());
      closed_ = true;
    });
    AwaitAlarm();
    EXPECT_FALSE(closed_);
    EXPECT_EQ(Read(100), 100u);
    ExpectClosed();
  });
}

TEST_P(FakeLingerTest, OtherCallsEndAtOnceAndASecondCloseWaits) {
  OnExecutor([&] {
    Linger(absl::Seconds(10));
    Write(100);
    absl::Status read;
    const auto reader = executor_->Go([&] {
      char c;
      read = near().Read(absl::MakeSpan(&c, 1)).status();
    });
    ASSERT_TRUE(WaitUntilBlocked(near(), 1, Direction::kRead));
    StartClose();
    reader->Join();
    EXPECT_TRUE(IsClosed(read)) << read;
    EXPECT_TRUE(IsClosed(near().Write("x")));
    std::atomic<bool> second_closed{false};
    const auto second = executor_->Go([&] {
      EXPECT_TRUE(IsClosed(near().Close()));
      EXPECT_EQ(clock_.alarm_count(), 0u);
      second_closed = true;
    });
    ExpectWaits();
    EXPECT_FALSE(second_closed);
    EXPECT_EQ(Read(100), 100u);
    ExpectClosed();
    second->Join();
  });
}

TEST_P(FakeLingerTest, WhatIsOnItsWayIsWaitedFor) {
  const auto holder = std::make_shared<EndHolder>();
  OnExecutor(
      [&] {
        Linger(absl::Seconds(10));
        Write(1);
        StartClose();
        EXPECT_EQ(Read(1), 1u);
        ExpectWaits();
        holder->Let();
        network_->JudgeInFlight();
        ExpectClosed();
        EXPECT_EQ(ReadSome(far()), "EOF");
      },
      holder);
}

TEST_P(FakeLingerTest, AsPacketsItWaitsForRoomToo) {
  const auto passer = std::make_shared<LinkPolicy>();
  OnExecutor(
      [&] {
        Linger(absl::Seconds(10));
        Write(100);
        StartClose();
        EXPECT_EQ(Read(35), 35u);
        ExpectWaits();
        EXPECT_TRUE(far().Write("too late").ok());
        ExpectClosed();
      },
      passer);
}

INSTANTIATE_TEST_SUITE_P(On, FakeLingerTest,
                         testing::Values("Threads", "Fibers", "Mixed"),
                         [](const auto& one) { return one.param; });

}  // namespace
}  // namespace plumb
