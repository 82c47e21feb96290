// Two hosts that go through FaultTransports of one Faults: what both judge, and
// what becomes of connections, dials and listeners when a host crashes.
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_transport.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"

namespace plumb {
namespace {

class FaultHostsTest : public FaultCellTest {
 protected:
  // `client_` is web, and `server_` is db.
  void Load(absl::string_view plan, bool judge_received) {
    FaultSetting setting;
    setting.targets = {FaultTarget::kTcp};
    faults_ = *MakeFaults(plan, setting, clock_);
    FaultTransportOptions web;
    web.host = "web";
    web.names = {{"127.0.0.1", "db"}};
    web.judge_received = judge_received;
    FaultTransportOptions db;
    db.host = "db";
    db.names = {{"127.0.0.1", "web"}};
    db.judge_received = judge_received;
    client_ = std::make_unique<FaultTransport>(inner_, faults_, web);
    server_ = std::make_unique<FaultTransport>(inner_, faults_, db);
    listener_ = *server_->Listen("tcp", "127.0.0.1:0");
    address_ = listener_->Address();
  }
  void Open() {
    near_ = *Dial();
    far_ = *listener_->Accept();
  }

  std::shared_ptr<Faults> faults_;
  std::unique_ptr<FaultTransport> server_;
};
INSTANTIATE_TEST_SUITE_P(Cells, FaultHostsTest,
                         ::testing::ValuesIn(Cells({kTcp, kFakeTcp})),
                         CellName);

constexpr char kFar[] =
    "rule { id: 'far' match { from: 'web' to: 'db' } delay { min: '1s' } }";

TEST_P(FaultHostsTest, WithoutJudgeReceivedOnlyTheSenderJudges) {
  Load(kFar, false);
  Open();
  ASSERT_THAT(near_->Write("x"), IsOk());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*far_); }), "x");
  EXPECT_EQ(Elapsed(), absl::Seconds(1));
  EXPECT_EQ(Hits("far"), 1);
}

TEST_P(FaultHostsTest, WithItBothDo) {
  Load(kFar, true);
  Open();
  ASSERT_THAT(near_->Write("x"), IsOk());
  EXPECT_EQ(AtAlarms(2, [&] { return ReadSome(*far_); }), "x");
  EXPECT_EQ(Elapsed(), absl::Seconds(2));
  EXPECT_EQ(Hits("far"), 2);
}

// What cuts the way does so at the receiver, too.
TEST_P(FaultHostsTest, WithoutJudgeReceivedAPartitionStillReachesWhatLands) {
  Load("rule { id: 'cut' off: true partition {} }", false);
  Open();
  ASSERT_THAT(near_->Write("x"), IsOk());
  ASSERT_THAT(faults_->Enable("cut"), IsOk());
  ASSERT_THAT(far_->SetReadDeadline(clock_.TimeNow() + absl::Seconds(1)),
              IsOk());
  EXPECT_THAT(AtAlarms(1, [&] { return ReadError(*far_); }), IsTimeout());
  ASSERT_THAT(far_->SetReadDeadline(absl::InfiniteFuture()), IsOk());
  faults_->Heal();
  EXPECT_EQ(ReadSome(*far_), "x");
}

TEST_P(FaultHostsTest, ARestartResetsWhatWasOpen) {
  Load("", false);
  Open();
  faults_->Crash("db");
  ASSERT_THAT(near_->Write("lost"), IsOk());
  ASSERT_THAT(near_->SetReadDeadline(clock_.TimeNow() + absl::Seconds(1)),
              IsOk());
  EXPECT_THAT(AtAlarms(1, [&] { return ReadError(*near_); }), IsTimeout());
  ASSERT_THAT(near_->SetReadDeadline(absl::InfiniteFuture()), IsOk());
  absl::Status read;
  const auto reader = Go([&] { read = ReadError(*near_); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  clock_.Advance(absl::Seconds(1));
  faults_->Restart("db");
  reader->Join();
  EXPECT_THAT(read, IsReset());
  EXPECT_EQ(Injector(read), "restart of db");
  EXPECT_THAT(ReadError(*far_), IsReset());
}

TEST_P(FaultHostsTest, APauseKeepsWhatIsSentAndWhoDials) {
  Load("timeline { at: '1s' pause: 'db' } timeline { at: '1h' resume: 'db' }",
       false);
  Open();
  clock_.Advance(absl::Seconds(1));
  std::unique_ptr<Conn> dialled;
  const auto dialer = Go([&] { dialled = *Dial(); });
  clock_.AwaitAlarms(1);
  ASSERT_THAT(near_->Write("kept"), IsOk());
  std::string got;
  const auto reader = Go([&] { got = ReadSome(*far_); });
  EXPECT_TRUE(WaitUntilBlocked(*far_, 1));
  clock_.Advance(absl::Hours(1));
  reader->Join();
  dialer->Join();
  EXPECT_EQ(got, "kept");
  ASSERT_THAT(dialled->Write("new"), IsOk());
  EXPECT_EQ(ReadSome(**listener_->Accept()), "new");
}

TEST_P(FaultHostsTest, ADialWaitsForTheRestartAndFindsTheListener) {
  Load("", false);
  faults_->Crash("db");
  std::unique_ptr<Conn> dialled;
  const auto dialer = Go([&] { dialled = *Dial(); });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(5));
  faults_->Restart("db");
  dialer->Join();
  far_ = *listener_->Accept();
  ASSERT_THAT(dialled->Write("new"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "new");
}

TEST_P(FaultHostsTest, ADialOfAHostThatStaysDownTimesOut) {
  Load("", false);
  faults_->Crash("db");
  const absl::Status status = AtAlarms(1, [&] { return Dial().status(); });
  EXPECT_EQ(status.message(), DialText() + "connect: connection timed out");
  EXPECT_EQ(Injector(status), "crash of db");
  EXPECT_EQ(Elapsed(), absl::Seconds(131));
}

}  // namespace
}  // namespace plumb
