// What Select does in every state of two channels, with every pair of cases.
#include <array>
#include <memory>
#include <optional>
#include <set>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/channel.h"
#include "transport/channel_waiting_for_test.h"
#include "transport/error.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/select.h"

namespace plumb {
namespace {

using SelectTest = testing::TestWithParam<CrewKind>;

// All states of two channels, and all pairs of cases on them.
class SelectTable {
 public:
  enum State {
    kEmpty,
    kFull,
    kAlone,
    kSenderWaits,
    kReceiverWaits,
    kClosed,
    kClosedFull,
    kStates
  };
  enum Operation { kNone, kSend, kReceive, kOperations };
  enum Result { kBlocks, kDone, kIsClosed };

  static Result Expected(State state, Operation operation) {
    switch (operation) {
      case kSend:
        if (state == kClosed || state == kClosedFull) return kIsClosed;
        return state == kEmpty || state == kReceiverWaits ? kDone : kBlocks;
      case kReceive:
        if (state == kClosed) return kIsClosed;
        return state == kFull || state == kSenderWaits || state == kClosedFull
                   ? kDone
                   : kBlocks;
      default:
        return kBlocks;
    }
  }

  // A channel in a state, with the one who waits on it.
  class Side {
   public:
    Side(State state, Operation operation, Crew& crew)
        : state_(state), operation_(operation), channel_(Capacity(state)) {
      if (state == kFull || state == kClosedFull) {
        EXPECT_EQ(channel_.Send(1), absl::OkStatus());
      }
      if (state == kClosed || state == kClosedFull) channel_.Close();
      if (state == kSenderWaits) {
        crew.Go([this] { channel_.Send(1).IgnoreError(); });
      }
      if (state == kReceiverWaits) {
        crew.Go([this] { received_ = channel_.Receive().value_or(0); });
      }
      const size_t waiting = IsWaited() ? 1 : 0;
      EXPECT_TRUE(WaitUntilWaiting(channel_, waiting));
    }

    SelectCase Case() {
      if (operation_ == kSend) return channel_.SendCase(sent_);
      if (operation_ == kReceive) return channel_.ReceiveCase(got_);
      return SelectCase();
    }
    Result expected() const { return Expected(state_, operation_); }

    // After the Select, which chose this side or not.
    void Check(bool chosen, const absl::Status& status) {
      const Result result = chosen ? expected() : kBlocks;
      if (result == kDone) {
        EXPECT_EQ(status, absl::OkStatus());
      }
      if (result == kIsClosed) {
        EXPECT_TRUE(operation_ == kSend ? IsClosed(status) : IsEof(status));
      }
      const bool moved = result == kDone;
      EXPECT_EQ(got_.has_value(), moved && operation_ == kReceive);
      EXPECT_EQ(channel_.waiting(), IsWaited() && !moved ? 1u : 0u);
      size_t size = state_ == kFull || state_ == kClosedFull ? 1 : 0;
      if (moved && state_ != kReceiverWaits && state_ != kSenderWaits) {
        size = 1 - size;
      }
      EXPECT_EQ(channel_.size(), size);
      sent_by_select_ = moved && operation_ == kSend;
      channel_.Close();
    }
    // After those who waited have ended.
    void CheckReceived() const {
      if (state_ != kReceiverWaits) return;
      EXPECT_EQ(received_, sent_by_select_ ? 2 : 0);
    }

   private:
    static size_t Capacity(State state) {
      return state == kEmpty || state == kFull || state == kClosedFull ? 1 : 0;
    }
    bool IsWaited() const {
      return state_ == kSenderWaits || state_ == kReceiverWaits;
    }

    const State state_;
    const Operation operation_;
    Channel<int> channel_;
    int sent_ = 2;
    std::optional<int> got_;
    int received_ = -1;
    bool sent_by_select_ = false;
  };
};

TEST_P(SelectTest, DoesRightInEveryStateOfTwoChannels) {
  using Table = SelectTable;
  Crew crew(GetParam());
  constexpr int kSides = Table::kStates * Table::kOperations;
  for (int number = 0; number < kSides * kSides * 2; ++number) {
    const bool poll = number % 2 == 0;
    const int first = number / 2 % kSides, second = number / 2 / kSides;
    SCOPED_TRACE(number);
    const auto side = [&](int index) {
      return std::make_unique<Table::Side>(
          static_cast<Table::State>(index / Table::kOperations),
          static_cast<Table::Operation>(index % Table::kOperations), crew);
    };
    const std::array<std::unique_ptr<Table::Side>, 2> sides = {side(first),
                                                               side(second)};
    std::set<int> possible;
    for (int i = 0; i < 2; ++i) {
      if (sides[static_cast<size_t>(i)]->expected() != Table::kBlocks) {
        possible.insert(i);
      }
    }
    const std::array<SelectCase, 2> cases = {sides[0]->Case(),
                                             sides[1]->Case()};
    const Selected selected =
        poll ? TrySelect(cases)
             : SelectUntil(possible.empty() ? absl::InfinitePast()
                                            : absl::InfiniteFuture(),
                           cases);
    if (possible.empty()) {
      EXPECT_EQ(selected.index, -1);
      EXPECT_EQ(selected.status.code(),
                poll ? absl::StatusCode::kUnavailable
                     : absl::StatusCode::kDeadlineExceeded);
    } else {
      EXPECT_EQ(possible.count(selected.index), 1u) << selected.index;
    }
    for (int i = 0; i < 2; ++i) {
      sides[static_cast<size_t>(i)]->Check(selected.index == i,
                                           selected.status);
    }
    crew.Join();
    for (const auto& one : sides) one->CheckReceived();
  }
}

INSTANTIATE_TEST_SUITE_P(Crews, SelectTest, AllCrews(), CrewName);

}  // namespace
}  // namespace plumb
