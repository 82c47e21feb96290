#include "testing/fault/fault_receiver.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_link_fixture.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_queue.h"
#include "testing/fault/fault_support.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/direction.h"

namespace plumb {
namespace {

// A clock whose calendar anybody may set.
class Calendar final : public Clock {
 public:
  void Set(absl::Time now) { now_ = now; }
  absl::Time TimeNow() const override { return now_; }
  MonotonicNanos MonotonicNow() const override {
    return Clock::Real().MonotonicNow();
  }
  AlarmClock* alarms() override { return nullptr; }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1600000000);
};

class FaultReceiverTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetBack() { clock_.Set(clock_.TimeNow() - absl::Hours(1)); }

  const bool stream_ = GetParam();
  int pieces_ = 0;
  Calendar clock_;
  const std::shared_ptr<Faults> faults_ =
      *MakeFaults("rule { id: 'never' active { from: '9h' } hold {} }",
                  FaultSetting(), clock_);
  const std::shared_ptr<FaultLink> link_ = std::make_shared<FaultLink>(
      faults_,
      Ends("db", "web", stream_ ? FaultNetwork::kTcp : FaultNetwork::kUdp));
  const std::shared_ptr<FaultCalls> calls_ =
      std::make_shared<FaultCalls>(clock_, nullptr);
  FaultReceiver receiver_{faults_,
                          stream_,
                          false,
                          calls_,
                          {[this](size_t, FaultPiece* piece) {
                             piece->link = link_;
                             piece->data = absl::StrCat("data ", ++pieces_);
                             piece->packet.size = piece->data.size();
                             return absl::OkStatus();
                           },
                           [](absl::string_view) {}, nullptr}};
};
INSTANTIATE_TEST_SUITE_P(StreamOrNot, FaultReceiverTest, ::testing::Bool());

TEST_P(FaultReceiverTest, WhatIsDueStaysSoWhenTheCalendarIsSetBack) {
  Call call(calls_->state(), Direction::kRead);
  ASSERT_THAT(receiver_.Await(call, 100), IsOk());
  SetBack();
  ASSERT_TRUE(receiver_.StillDue());
  EXPECT_EQ(receiver_.Show().data, "data 1");
  EXPECT_EQ(receiver_.Take().data, "data 1");
  EXPECT_TRUE(receiver_.empty());
  ASSERT_THAT(receiver_.Await(call, 100), IsOk());
  ASSERT_TRUE(receiver_.HasDue());
  SetBack();
  EXPECT_EQ(receiver_.Show().data, "data 2");
  if (!stream_) return;
  // What comes then is behind it.
  EXPECT_TRUE(receiver_.TakeInAtOnce(call, 100));
  char buffer[20];
  const size_t size = receiver_.Copy(absl::MakeSpan(buffer));
  EXPECT_EQ(absl::string_view(buffer, size), "data 2data 3");
}

}  // namespace
}  // namespace plumb
