#include "transport/select.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/channel.h"
#include "transport/channel_waiting_for_test.h"
#include "transport/error.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/fiber/runtime.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"

namespace plumb {
namespace {

using SelectTest = testing::TestWithParam<CrewKind>;

TEST_P(SelectTest, DoesWhatCanBeDone) {
  Channel<int> numbers(1);
  Channel<std::string> texts(1);
  int number = 5;
  std::optional<std::string> text = "old";
  Selected selected =
      Select({texts.ReceiveCase(text), numbers.SendCase(number)});
  EXPECT_EQ(selected.index, 1);
  EXPECT_EQ(selected.status, absl::OkStatus());
  EXPECT_EQ(text, std::nullopt);
  EXPECT_EQ(texts.Send("new"), absl::OkStatus());
  selected = Select({texts.ReceiveCase(text), numbers.SendCase(number)});
  EXPECT_EQ(selected.index, 0);
  EXPECT_EQ(text, "new");
  EXPECT_EQ(numbers.size(), 1u);
  EXPECT_EQ(numbers.waiting() + texts.waiting(), 0u);
}

TEST_P(SelectTest, WaitsForTheFirstThatCan) {
  Channel<int> a, b;
  Channel<int> c;
  Crew crew(GetParam());
  crew.Go([&] {
    std::optional<int> x, y;
    int z = 3;
    Selected selected =
        Select({a.ReceiveCase(x), b.ReceiveCase(y), c.SendCase(z)});
    EXPECT_EQ(selected.index, 1);
    EXPECT_EQ(y, 2);
    EXPECT_EQ(a.waiting() + b.waiting(), 0u);
    selected = Select({a.ReceiveCase(x), b.ReceiveCase(y), c.SendCase(z)});
    EXPECT_EQ(selected.index, 2);
    EXPECT_EQ(x, std::nullopt);
    EXPECT_EQ(y, std::nullopt);
  });
  ASSERT_TRUE(WaitUntilWaiting(a, 1));
  EXPECT_EQ(b.Send(2), absl::OkStatus());
  EXPECT_EQ(*c.Receive(), 3);
}

TEST_P(SelectTest, PollsWithoutWaiting) {
  Channel<int> a(1), b;
  std::optional<int> x, y;
  Selected selected = TrySelect({a.ReceiveCase(x), b.ReceiveCase(y)});
  EXPECT_EQ(selected.index, -1);
  EXPECT_EQ(selected.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(selected.status.message(), "select: would block");
  EXPECT_EQ(a.Send(1), absl::OkStatus());
  EXPECT_EQ(TrySelect({a.ReceiveCase(x), b.ReceiveCase(y)}).index, 0);
  EXPECT_EQ(x, 1);
  EXPECT_EQ(TrySelect({}).index, -1);
}

TEST_P(SelectTest, ACaseWithoutAChannelCanNeverBeDone) {
  Channel<int> a(1);
  int x = 1;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(Select({SelectCase(), a.SendCase(x), SelectCase()}).index, 1);
    EXPECT_EQ(*a.Receive(), 1);
  }
  EXPECT_EQ(TrySelect({SelectCase()}).index, -1);
}

TEST_P(SelectTest, NeverSendsToItself) {
  Channel<int> a;
  int x = 1;
  std::optional<int> y;
  EXPECT_EQ(TrySelect({a.SendCase(x), a.ReceiveCase(y)}).index, -1);
  Crew crew(GetParam());
  crew.Go([&] {
    EXPECT_EQ(Select({a.SendCase(x), a.ReceiveCase(y)}).index, 1);
    EXPECT_EQ(y, 2);
  });
  ASSERT_TRUE(WaitUntilWaiting(a, 2));
  EXPECT_EQ(a.TrySend(2), absl::OkStatus());
}

TEST_P(SelectTest, ItsDeadlineEndsIt) {
  ManualClock clock;
  Channel<int> a, b;
  Crew crew(GetParam());
  crew.Go([&] {
    std::optional<int> x;
    int y = 1;
    const Selected selected =
        SelectUntil(clock.TimeNow() + absl::Seconds(1),
                    {a.ReceiveCase(x), b.SendCase(y)}, clock);
    EXPECT_EQ(selected.index, -1);
    EXPECT_EQ(selected.status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(selected.status.message(), "select: i/o timeout");
    EXPECT_EQ(GetErrorInfo(selected.status)->kind, ErrorKind::kTimeout);
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(1));
  crew.Join();
  EXPECT_EQ(a.waiting() + b.waiting(), 0u);
}

TEST_P(SelectTest, CancelEndsIt) {
  CancelSource stop;
  Channel<int> a;
  Crew crew(GetParam());
  crew.Go([&] {
    const CancelScope scope(stop);
    std::optional<int> x;
    Selected selected = Select({a.ReceiveCase(x), a.ReceiveCase(x)});
    EXPECT_EQ(selected.index, -1);
    EXPECT_EQ(selected.status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(selected.status.message(), "select: operation was canceled");
    EXPECT_TRUE(IsCancelledCall(selected.status));
    EXPECT_TRUE(IsCancelledCall(Select({}).status));
  });
  ASSERT_TRUE(WaitUntilWaiting(a, 2));
  stop.Cancel();
  crew.Join();
  EXPECT_EQ(a.waiting(), 0u);
}

TEST_P(SelectTest, CloseEndsItWithTheErrorOfItsCase) {
  Channel<int> a, b;
  Crew crew(GetParam());
  for (int i = 0; i < 3; ++i) {
    crew.Go([&] {
      std::optional<int> x;
      int y = 1;
      Selected selected = Select({a.ReceiveCase(x), b.SendCase(y)});
      EXPECT_EQ(selected.index, 1);
      EXPECT_EQ(selected.status.message(), "send: channel is closed");
      EXPECT_TRUE(IsClosed(selected.status));
      selected = Select({SelectCase(), a.ReceiveCase(x)});
      EXPECT_EQ(selected.index, 1);
      EXPECT_TRUE(IsEof(selected.status));
    });
  }
  ASSERT_TRUE(WaitUntilWaiting(b, 3));
  b.Close();
  ASSERT_TRUE(WaitUntilWaiting(a, 3));
  a.Close();
}

TEST_P(SelectTest, TouchesNoChannelAfterItHasMet) {
  Crew crew(GetParam());
  for (size_t capacity : {0, 1}) {
    for (int i = 0; i < 200; ++i) {
      auto result = std::make_unique<Channel<int>>(capacity);
      auto before = std::make_unique<Channel<int>>();
      auto after = std::make_unique<Channel<int>>();
      crew.Go([&, r = result.get(), b = before.get(), a = after.get()] {
        int x = 1;
        std::optional<int> y;
        EXPECT_EQ(Select({b->ReceiveCase(y), r->SendCase(x), a->ReceiveCase(y)})
                      .index,
                  1);
      });
      ASSERT_EQ(*result->Receive(), 1);
      result.reset();
      before.reset();
      after.reset();
    }
  }
}

// Four that fit together whoever meets first, started in every order.
TEST_P(SelectTest, WhateverTheOrderAllMeet) {
  std::array<int, 4> order = {0, 1, 2, 3};
  Crew crew(GetParam());
  do {
    Channel<int> a, b;
    std::atomic<int> sent{0}, received{0};
    for (const int who : order) {
      crew.Go([&, who] {
        int x = 1 << who, y = 1 << who;
        std::optional<int> from_a, from_b;
        const SelectCase first =
            who % 2 == 0 ? a.SendCase(x) : a.ReceiveCase(from_a);
        const SelectCase second =
            who < 2       ? first.sends ? b.SendCase(y) : b.ReceiveCase(from_b)
                  : first.sends ? b.ReceiveCase(from_b)
                          : b.SendCase(y);
        const Selected selected =
            who == 2 ? Select({second, first}) : Select({first, second});
        EXPECT_EQ(selected.status, absl::OkStatus());
        if (from_a.has_value()) {
          received += *from_a;
        } else if (from_b.has_value()) {
          received += *from_b;
        } else {
          sent += 1 << who;
        }
      });
    }
    crew.Join();
    EXPECT_EQ(sent, received);
    EXPECT_EQ(a.waiting() + b.waiting(), 0u);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_P(SelectTest, ManyOnTheSameChannelsInAnyOrder) {
  constexpr size_t kChannels = 4;
  constexpr int kMembers = 16, kRounds = 150;
  std::array<Channel<int>, kChannels> channels = {
      Channel<int>(0), Channel<int>(0), Channel<int>(1), Channel<int>(2)};
  std::atomic<int64_t> sent{0}, received{0};
  Crew crew(GetParam());
  for (int member = 0; member < kMembers; ++member) {
    crew.Go([&, member] {
      for (int round = 0; round < kRounds; ++round) {
        const DeadlineScope limit(absl::Microseconds(200));
        std::array<int, kChannels> out;
        std::array<std::optional<int>, kChannels> in;
        std::vector<SelectCase> cases;
        for (size_t i = 0; i < kChannels; ++i) {
          const size_t at = (i + static_cast<size_t>(member)) % kChannels;
          out[at] = member * kRounds + round;
          cases.push_back(channels[at].SendCase(out[at]));
          cases.push_back(channels[at].ReceiveCase(in[at]));
        }
        const Selected selected = Select(cases);
        if (!selected.status.ok()) continue;
        const SelectCase& chosen = cases[static_cast<size_t>(selected.index)];
        if (chosen.sends) {
          sent += member * kRounds + round;
        } else {
          received += **static_cast<std::optional<int>*>(chosen.value);
        }
      }
    });
  }
  crew.Join();
  for (Channel<int>& channel : channels) {
    EXPECT_EQ(channel.waiting(), 0u);
    while (channel.size() > 0) received += *channel.TryReceive();
  }
  EXPECT_EQ(sent, received);
}

INSTANTIATE_TEST_SUITE_P(Crews, SelectTest, AllCrews(), CrewName);

// Which of four channels, one of which is empty, each of many Selects chooses.
std::vector<int> Choices() {
  std::vector<int> choices;
  Crew crew(CrewKind::kOneWorker);
  crew.Go([&] {
    std::array<std::unique_ptr<Channel<int>>, 4> channels;
    std::array<std::optional<int>, 4> values;
    std::vector<SelectCase> cases;
    for (size_t i = 0; i < 4; ++i) {
      channels[i] = std::make_unique<Channel<int>>(1);
      cases.push_back(channels[i]->ReceiveCase(values[i]));
      if (i != 1) {
        EXPECT_EQ(channels[i]->Send(0), absl::OkStatus());
      }
    }
    for (int i = 0; i < 3000; ++i) {
      choices.push_back(Select(cases).index);
      const auto chosen = static_cast<size_t>(choices.back());
      EXPECT_EQ(channels[chosen]->Send(0), absl::OkStatus());
    }
  });
  crew.Join();
  return choices;
}

TEST(SelectChoiceTest, IsFairAndCanBeRepeated) {
  const std::vector<int> choices = Choices();
  for (const int index : {0, 2, 3}) {
    EXPECT_NEAR(
        static_cast<double>(std::count(choices.begin(), choices.end(), index)),
        1000, 100);
  }
  EXPECT_EQ(Choices(), choices);
}

}  // namespace
}  // namespace plumb
