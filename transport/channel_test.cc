#include "transport/channel.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/channel_waiting_for_test.h"
#include "transport/error.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

using ChannelTest = testing::TestWithParam<CrewKind>;
using Box = std::unique_ptr<int>;

Box MakeBox(int value) { return std::make_unique<int>(value); }

TEST_P(ChannelTest, ASendAndAReceiveMeet) {
  Channel<Box> channel;
  Crew crew(GetParam());
  crew.Go([&] { EXPECT_EQ(channel.Send(MakeBox(1)), absl::OkStatus()); });
  ASSERT_TRUE(WaitUntilWaiting(channel, 1));
  const absl::StatusOr<Box> first = channel.Receive();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(**first, 1);
  crew.Go([&] {
    const absl::StatusOr<Box> second = channel.Receive();
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(**second, 2);
  });
  ASSERT_TRUE(WaitUntilWaiting(channel, 1));
  EXPECT_EQ(channel.Send(MakeBox(2)), absl::OkStatus());
  crew.Join();
  EXPECT_EQ(channel.size(), 0u);
  EXPECT_EQ(channel.waiting(), 0u);
}

TEST_P(ChannelTest, ABufferTakesAsManyAsItHolds) {
  Channel<std::string> channel(2);
  EXPECT_EQ(channel.capacity(), 2u);
  EXPECT_EQ(channel.Send("a"), absl::OkStatus());
  EXPECT_EQ(channel.Send("b"), absl::OkStatus());
  Crew crew(GetParam());
  for (const char* text : {"c", "d", "e"}) {
    const size_t before = channel.waiting();
    crew.Go([&, text] { EXPECT_EQ(channel.Send(text), absl::OkStatus()); });
    ASSERT_TRUE(WaitUntilWaiting(channel, before + 1));
  }
  EXPECT_EQ(channel.size(), 2u);
  for (const char* text : {"a", "b", "c", "d", "e"}) {
    EXPECT_EQ(*channel.Receive(), text);
  }
  EXPECT_EQ(channel.size(), 0u);
}

TEST_P(ChannelTest, ThoseWhoWaitAreServedInTheOrderOfComing) {
  Channel<int> channel(1);
  Crew crew(GetParam());
  std::vector<std::optional<int>> got(4);
  for (size_t i = 0; i < got.size(); ++i) {
    crew.Go([&, i] { got[i] = *channel.Receive(); });
    ASSERT_TRUE(WaitUntilWaiting(channel, i + 1));
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(channel.Send(i), absl::OkStatus());
  }
  crew.Join();
  EXPECT_EQ(got, (std::vector<std::optional<int>>{0, 1, 2, 3}));
}

TEST_P(ChannelTest, WhatWasSentIsReceivedAfterClose) {
  Channel<int> channel(2);
  EXPECT_EQ(channel.Send(1), absl::OkStatus());
  EXPECT_EQ(channel.Send(2), absl::OkStatus());
  channel.Close();
  EXPECT_TRUE(channel.closed());
  EXPECT_EQ(*channel.Receive(), 1);
  EXPECT_EQ(*channel.TryReceive(), 2);
  const absl::Status end = channel.Receive().status();
  EXPECT_EQ(end.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(end.message(), "EOF");
  EXPECT_TRUE(IsEof(end));
  EXPECT_TRUE(IsEof(channel.TryReceive().status()));
  channel.Close();
}

TEST_P(ChannelTest, SendAfterCloseIsAnErrorAndTheValueStays) {
  Channel<Box> channel(1);
  channel.Close();
  Box box = MakeBox(7);
  const absl::Status status = channel.Send(std::move(box));
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(status.message(), "send: channel is closed");
  EXPECT_TRUE(IsClosed(status));
  EXPECT_FALSE(IsCancelledCall(status));
  EXPECT_TRUE(IsClosed(channel.TrySend(std::move(box))));
  ASSERT_NE(box, nullptr);
  EXPECT_EQ(*box, 7);
}

TEST_P(ChannelTest, CloseEndsThoseWhoWait) {
  Channel<Box> to_receive, to_send;
  Crew crew(GetParam());
  for (int i = 0; i < 5; ++i) {
    crew.Go([&] { EXPECT_TRUE(IsEof(to_receive.Receive().status())); });
    crew.Go([&] {
      Box box = MakeBox(7);
      EXPECT_TRUE(IsClosed(to_send.Send(std::move(box))));
      EXPECT_NE(box, nullptr);
    });
  }
  ASSERT_TRUE(WaitUntilWaiting(to_receive, 5));
  ASSERT_TRUE(WaitUntilWaiting(to_send, 5));
  to_receive.Close();
  to_send.Close();
}

TEST_P(ChannelTest, TryDoesNotWait) {
  Channel<int> channel(1);
  absl::Status status = channel.TryReceive().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "receive: would block");
  EXPECT_EQ(channel.TrySend(1), absl::OkStatus());
  status = channel.TrySend(2);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "send: would block");
  EXPECT_EQ(*channel.TryReceive(), 1);
  CancelScope scope;
  scope.Cancel();
  EXPECT_EQ(channel.TrySend(3), absl::OkStatus());
  EXPECT_EQ(*channel.TryReceive(), 3);
}

TEST_P(ChannelTest, TryMeetsOneWhoWaits) {
  Channel<int> channel;
  Crew crew(GetParam());
  crew.Go([&] { EXPECT_EQ(channel.Send(1), absl::OkStatus()); });
  ASSERT_TRUE(WaitUntilWaiting(channel, 1));
  EXPECT_EQ(*channel.TryReceive(), 1);
  crew.Go([&] { EXPECT_EQ(*channel.Receive(), 2); });
  ASSERT_TRUE(WaitUntilWaiting(channel, 1));
  EXPECT_EQ(channel.TrySend(2), absl::OkStatus());
}

TEST_P(ChannelTest, ItsDeadlineEndsACall) {
  ManualClock clock;
  Channel<Box> channel;
  Crew crew(GetParam());
  const absl::Time deadline = clock.TimeNow() + absl::Seconds(1);
  crew.Go([&] {
    const absl::Status status = channel.ReceiveUntil(deadline, clock).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(status.message(), "receive: i/o timeout");
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kTimeout);
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(1));
  crew.Join();
  Box box = MakeBox(7);
  const absl::Status status =
      channel.SendUntil(deadline, std::move(box), clock);
  EXPECT_EQ(status.message(), "send: i/o timeout");
  EXPECT_NE(box, nullptr);
  EXPECT_EQ(channel.waiting(), 0u);
}

TEST_P(ChannelTest, CancelEndsACall) {
  CancelSource stop;
  Channel<Box> to_receive, to_send;
  Crew crew(GetParam());
  crew.Go([&] {
    const CancelScope scope(stop);
    const absl::Status status = to_receive.Receive().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(status.message(), "receive: operation was canceled");
    EXPECT_TRUE(IsCancelledCall(status));
  });
  crew.Go([&] {
    const CancelScope scope(stop);
    Box box = MakeBox(7);
    const absl::Status status = to_send.Send(std::move(box));
    EXPECT_EQ(status.message(), "send: operation was canceled");
    EXPECT_NE(box, nullptr);
  });
  ASSERT_TRUE(WaitUntilWaiting(to_receive, 1));
  ASSERT_TRUE(WaitUntilWaiting(to_send, 1));
  stop.Cancel();
  crew.Join();
  EXPECT_EQ(to_receive.waiting(), 0u);
  EXPECT_EQ(to_send.waiting(), 0u);
}

TEST_P(ChannelTest, ACancelledScopeMovesNothing) {
  Channel<int> channel(2);
  EXPECT_EQ(channel.Send(1), absl::OkStatus());
  Crew crew(GetParam());
  crew.Go([&] {
    CancelScope scope;
    scope.Cancel();
    EXPECT_TRUE(IsCancelledCall(channel.Receive().status()));
    EXPECT_TRUE(IsCancelledCall(channel.Send(2)));
  });
  crew.Join();
  EXPECT_EQ(channel.size(), 1u);
}

TEST_P(ChannelTest, WhatHasMetArrivesWhateverIsCancelled) {
  Channel<int> channel;
  Crew crew(GetParam());
  for (int i = 0; i < 50; ++i) {
    CancelSource stop;
    crew.Go([&] {
      const CancelScope scope(stop);
      EXPECT_EQ(*channel.Receive(), 1);
    });
    ASSERT_TRUE(WaitUntilWaiting(channel, 1));
    EXPECT_EQ(channel.TrySend(1), absl::OkStatus());
    stop.Cancel();
    crew.Join();
  }
}

TEST_P(ChannelTest, MayBeDestroyedWhenWhatItMetReturns) {
  Crew crew(GetParam());
  for (size_t capacity : {0, 1}) {
    for (int i = 0; i < 200; ++i) {
      auto channel = std::make_unique<Channel<int>>(capacity);
      crew.Go(
          [raw = channel.get()] { EXPECT_EQ(raw->Send(1), absl::OkStatus()); });
      ASSERT_EQ(*channel->Receive(), 1);
      channel.reset();
    }
  }
}

TEST_P(ChannelTest, ValuesThatNobodyReceivedEndWithIt) {
  auto value = std::make_shared<int>(1);
  {
    Channel<std::shared_ptr<int>> channel(3);
    EXPECT_EQ(channel.Send(value), absl::OkStatus());
    EXPECT_EQ(channel.Send(value), absl::OkStatus());
    EXPECT_EQ(value.use_count(), 3);
    EXPECT_TRUE(channel.Receive().ok());
    EXPECT_EQ(value.use_count(), 2);
  }
  EXPECT_EQ(value.use_count(), 1);
}

// Every value that a Send said it has sent is received once; those of one
// sender in its order; no other is.
TEST_P(ChannelTest, NothingIsLostOrDoubledWhenDeadlinesRace) {
  constexpr int kSenders = 8, kReceivers = 6, kValues = 400;
  struct Value {
    int sender;
    int number;
    Box owned;
  };
  for (size_t capacity : {0, 3}) {
    Channel<Value> channel(capacity);
    Crew crew(GetParam());
    std::atomic<int> sending{kSenders};
    std::vector<std::vector<int>> sent(kSenders);
    std::vector<std::vector<Value>> received(kReceivers);
    for (int sender = 0; sender < kSenders; ++sender) {
      crew.Go([&, sender] {
        for (int i = 0; i < kValues; ++i) {
          const DeadlineScope limit(absl::Microseconds(i % 5 * 10));
          Value value = {sender, i, MakeBox(i)};
          const bool ok = channel.Send(std::move(value)).ok();
          EXPECT_EQ(value.owned == nullptr, ok);
          if (ok) sent[static_cast<size_t>(sender)].push_back(i);
        }
        if (--sending == 0) channel.Close();
      });
    }
    for (auto& mine : received) {
      crew.Go([&] {
        for (int i = 0;; ++i) {
          const DeadlineScope limit(absl::Microseconds(i % 7 * 10));
          absl::StatusOr<Value> value = channel.Receive();
          if (IsEof(value.status())) return;
          if (value.ok()) mine.push_back(*std::move(value));
        }
      });
    }
    crew.Join();
    std::vector<std::vector<bool>> seen(kSenders, std::vector<bool>(kValues));
    size_t total_received = 0, total_sent = 0;
    for (const auto& mine : received) {
      std::vector<int> last(kSenders, -1);
      total_received += mine.size();
      for (const Value& value : mine) {
        const auto sender = static_cast<size_t>(value.sender);
        EXPECT_GT(value.number, last[sender]);
        last[sender] = value.number;
        auto once = seen[sender][static_cast<size_t>(value.number)];
        EXPECT_FALSE(once);
        once = true;
        EXPECT_EQ(*value.owned, value.number);
      }
    }
    for (size_t sender = 0; sender < kSenders; ++sender) {
      total_sent += sent[sender].size();
      for (int number : sent[sender]) {
        EXPECT_TRUE(seen[sender][static_cast<size_t>(number)]);
      }
    }
    EXPECT_EQ(total_received, total_sent);
    EXPECT_EQ(channel.waiting(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Crews, ChannelTest, AllCrews(), CrewName);

}  // namespace
}  // namespace plumb
