#include "backends/udp/lead.h"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/direction.h"

namespace plumb {
namespace {

using Outcome = Call::Outcome;

std::shared_ptr<CallState> MakeState() {
  return std::make_shared<CallState>(Clock::Real());
}

// A member on the test's own stack.
class Member {
 public:
  explicit Member(Lead& lead)
      : state_(MakeState()),
        alive_(state_),
        member_(std::in_place, lead, *state_, Direction::kRead, alive_) {}

  bool Take() { return member_->Take(); }
  void Leave() { member_.reset(); }

 private:
  const std::shared_ptr<CallState> state_;
  const std::shared_ptr<const void> alive_;
  std::optional<Lead::Member> member_;
};

// A thread that waits for the lead.
class Candidate {
 public:
  explicit Candidate(Lead& lead) : thread_([this, &lead] { Run(lead); }) {
    while (state_->Blocked(Direction::kRead) == 0) std::this_thread::yield();
  }

  CallState& state() { return *state_; }

  // How its wait ended: kGo when it led.
  Outcome Join() {
    thread_.join();
    return outcome_;
  }

 private:
  void Run(Lead& lead) {
    const std::shared_ptr<CallState> state = state_;
    const std::shared_ptr<const void> alive = state;
    Call call(*state, Direction::kRead);
    Lead::Member member(lead, *state, Direction::kRead, alive);
    while (call.ok() && !member.Take()) call.Wait();
    outcome_ = call.outcome();
  }

  const std::shared_ptr<CallState> state_ = MakeState();
  Outcome outcome_ = Outcome::kGo;
  std::thread thread_;
};

TEST(LeadTest, OneLeadsAtATime) {
  Lead lead;
  Member first(lead), second(lead);
  EXPECT_TRUE(first.Take());
  EXPECT_FALSE(second.Take());
  EXPECT_TRUE(first.Take());
  EXPECT_FALSE(second.Take());
  first.Leave();
  EXPECT_TRUE(second.Take());
}

TEST(LeadTest, OneThatNeverAskedHasNothingToHandOn) {
  Lead lead;
  Member leader(lead), bystander(lead), other(lead);
  EXPECT_TRUE(leader.Take());
  EXPECT_FALSE(other.Take());
  bystander.Leave();
  EXPECT_FALSE(other.Take());
}

TEST(LeadTest, PassesToOneThatWaits) {
  Lead lead;
  Member leader(lead);
  ASSERT_TRUE(leader.Take());
  Candidate first(lead), second(lead);
  leader.Leave();
  // Each leaves as soon as it leads.
  EXPECT_EQ(first.Join(), Outcome::kGo);
  EXPECT_EQ(second.Join(), Outcome::kGo);
}

TEST(LeadTest, OffersToTheLongestWaiting) {
  Lead lead;
  Member leader(lead), first(lead), second(lead);
  ASSERT_TRUE(leader.Take());
  ASSERT_FALSE(first.Take());
  ASSERT_FALSE(second.Take());
  Candidate third(lead);
  leader.Leave();  // offers it to `first`, which does not look
  EXPECT_EQ(third.state().Blocked(Direction::kRead), 1);
  first.Leave();  // to `second`
  EXPECT_EQ(third.state().Blocked(Direction::kRead), 1);
  second.Leave();  // to `third`
  EXPECT_EQ(third.Join(), Outcome::kGo);
}

TEST(LeadTest, NewcomerMayBeFasterThanTheOneItWasOfferedTo) {
  Lead lead;
  Member leader(lead), offered(lead), newcomer(lead);
  ASSERT_TRUE(leader.Take());
  ASSERT_FALSE(offered.Take());
  leader.Leave();
  EXPECT_TRUE(newcomer.Take());
  EXPECT_FALSE(offered.Take());
  newcomer.Leave();
  EXPECT_TRUE(offered.Take());
}

TEST(LeadTest, TimingOutInTheQueueChangesNothing) {
  Lead lead;
  Member leader(lead);
  ASSERT_TRUE(leader.Take());
  Candidate first(lead), second(lead);
  first.state().SetDeadline(Direction::kRead, absl::UnixEpoch());
  EXPECT_EQ(first.Join(), Outcome::kTimeout);
  leader.Leave();
  EXPECT_EQ(second.Join(), Outcome::kGo);
}

TEST(LeadTest, ClosingInTheQueueChangesNothing) {
  Lead lead;
  Member leader(lead);
  ASSERT_TRUE(leader.Take());
  Candidate first(lead), second(lead);
  ASSERT_TRUE(first.state().Close());
  first.state().Done();
  EXPECT_EQ(first.Join(), Outcome::kClosed);
  leader.Leave();
  EXPECT_EQ(second.Join(), Outcome::kGo);
}

// Close ends the leader's wait without its thread's doing, and what it waited
// on may be gone when it hands on the lead.
TEST(LeadTest, LeaderThatIsClosedAndGoneHandsOn) {
  Lead lead;
  auto state = MakeState();
  std::atomic<bool> leads{false};
  std::thread thread([&lead, &leads, state] {
    const std::shared_ptr<const void> alive = state;
    Call call(*state, Direction::kRead);
    Lead::Member member(lead, *state, Direction::kRead, alive);
    leads = member.Take();
    while (call.Wait()) {
    }
    EXPECT_FALSE(call.inside());
  });
  while (state->Blocked(Direction::kRead) == 0) std::this_thread::yield();
  ASSERT_TRUE(leads);
  Candidate next(lead);
  ASSERT_TRUE(state->Close());
  state->Done();
  state.reset();
  EXPECT_EQ(next.Join(), Outcome::kGo);
  thread.join();
}

// Threads that lead for a moment, give up, are closed, and come again. Whoever
// waits without a limit gets the lead in the end: otherwise this hangs.
TEST(LeadTest, NobodyIsForgotten) {
  Lead lead;
  std::atomic<int> leaders{0};
  std::atomic<int> led{0};
  const auto ask = [&](bool patient, int round) {
    const std::shared_ptr<CallState> state = MakeState();
    const std::shared_ptr<const void> alive = state;
    if (!patient) {
      state->SetDeadline(Direction::kRead,
                         absl::Now() + absl::Microseconds(round % 50));
    }
    Call call(*state, Direction::kRead);
    Lead::Member member(lead, *state, Direction::kRead, alive);
    while (call.ok()) {
      if (!member.Take()) {
        call.Wait();
        continue;
      }
      EXPECT_EQ(leaders.fetch_add(1), 0);
      std::this_thread::yield();
      leaders.fetch_sub(1);
      ++led;
      return;
    }
  };
  constexpr int kThreads = 8, kRounds = 500;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&ask, i] {
      for (int round = 0; round < kRounds; ++round) ask(i % 2 == 0, round);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(led, kThreads / 2 * kRounds);
}

}  // namespace
}  // namespace plumb
