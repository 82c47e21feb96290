// What the table in README.md says of streams alone.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_sender.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/io.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

class FaultStreamTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultStreamTest,
    ::testing::ValuesIn(Cells({kTcp, kUnix, kFakeTcp, kFakeUnix})), CellName);

TEST_P(FaultStreamTest, WhatIsHeldAtTheEndIsDropped) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  ASSERT_THAT(near_->Write("lost"), IsOk());
  ASSERT_THAT(near_->Close(), IsOk());
  client_.reset();
  EXPECT_THAT(ReadError(*far_), IsEof());
}

TEST_P(FaultStreamTest, ChunkOfReads) {
  Connect(R"(rule { id: "c" match { network: "$net" operation: READ }
             chunk { max_bytes: 3 } })");
  ASSERT_THAT(far_->Write("abcdefgh"), IsOk());
  EXPECT_EQ(ReadSome(*near_), "abc");
  EXPECT_EQ(ReadSome(*near_), "def");
  EXPECT_EQ(ReadSome(*near_), "gh");
}

TEST_P(FaultStreamTest, ChunkOfWrites) {
  Connect(R"(
    rule { id: "c" match { network: "$net" operation: WRITE }
           chunk { max_bytes: 3 } }
    rule { id: "second" match { nth: 2 } hold {} }
  )");
  ASSERT_THAT(near_->Write("abcdefgh"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "abc");
  ASSERT_THAT(client_->faults().Disable("second"), IsOk());
  std::string rest(5, '\0');
  ASSERT_THAT(ReadFull(*far_, absl::MakeSpan(&rest[0], 5)), IsOk());
  EXPECT_EQ(rest, "defgh");
}

TEST_P(FaultStreamTest, HeldWritesWaitForRoomUntilTheirDeadline) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
  const std::string big(FaultSender::kLimit, 'x');
  ASSERT_THAT(near_->Write(big), IsOk());
  near_->SetWriteDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
  const absl::Status status = AtAlarms(1, [&] { return near_->Write("y"); });
  EXPECT_THAT(status, IsTimeout());
  EXPECT_EQ(BytesDone(status), 0);
  EXPECT_EQ(Elapsed(), absl::Seconds(1));
  near_->SetWriteDeadline(absl::InfiniteFuture()).IgnoreError();
  const auto writer = Go([&] { EXPECT_THAT(near_->Write("z"), IsOk()); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  std::string all(big.size() + 1, '\0');
  EXPECT_THAT(ReadFull(*far_, absl::MakeSpan(&all[0], all.size())), IsOk());
  EXPECT_TRUE(all == big + "z");
  writer->Join();
}

// What is sent to it fills the buffers, and then its Writes wait.
TEST_P(FaultStreamTest, WhoStopsReadingHoldsUpTheOther) {
  Connect(R"(rule { id: "stuck" match { after_bytes: 3 } stop_reading {} })");
  ASSERT_THAT(far_->Write("123"), IsOk());
  EXPECT_EQ(ReadSome(*near_), "123");
  std::string rest;
  const auto reader = Go([&] { rest = ReadSome(*near_, 1); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  far_->SetWriteDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
  const std::string much(1 << 20, 'x');
  absl::Status status;
  uint64_t written = 0;
  const auto writer = Go([&] {
    while (status.ok()) {
      status = far_->Write(much);
      written += status.ok() ? much.size() : BytesDone(status);
    }
  });
  EXPECT_TRUE(WaitUntilBlocked(*far_, 1));
  clock_.Advance(absl::Seconds(1));
  writer->Join();
  EXPECT_THAT(status, IsTimeout());
  ASSERT_THAT(client_->faults().Disable("stuck"), IsOk());
  reader->Join();
  EXPECT_EQ(rest, "x");
  std::string all(written - 1, '\0');
  EXPECT_THAT(ReadFull(*near_, absl::MakeSpan(&all[0], all.size())), IsOk());
}

TEST_P(FaultStreamTest, DialWaitsForItsWay) {
  Load(R"(
    rule { id: "cut" active { until: "9s" } partition {} }
  )");
  Listen();
  EXPECT_THAT(AtAlarms(1, [&] { return Dial().status(); }), IsOk());
  EXPECT_EQ(Elapsed(), absl::Seconds(9));
  ASSERT_THAT(client_->faults().Enable("cut"), IsOk());
  const absl::Status status = AtAlarms(1, [&] { return Dial().status(); });
  EXPECT_EQ(status.message(), DialText() + "connect: connection timed out");
  EXPECT_EQ(Injector(status), "cut");
  EXPECT_EQ(Elapsed(), absl::Seconds(9 + 131));
}

TEST_P(FaultStreamTest, TheEndIsHeldAsWell) {
  Connect(R"(rule { id: "stop" match { segment: END } hold {} })");
  ASSERT_THAT(near_->Write("data"), IsOk());
  ASSERT_THAT(near_->CloseWrite(), IsOk());
  ASSERT_THAT(near_->CloseWrite(), IsOk());
  EXPECT_THAT(near_->Write("more"),
              ErrorIs(absl::StatusCode::kFailedPrecondition,
                      HasSubstr("write: broken pipe")));
  EXPECT_EQ(ReadSome(*far_), "data");
  const auto reader = Go([&] { EXPECT_THAT(ReadError(*far_), IsEof()); });
  EXPECT_TRUE(WaitUntilBlocked(*far_, 1));
  ASSERT_THAT(client_->faults().Disable("stop"), IsOk());
  reader->Join();
}

class FaultTcpTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultTcpTest,
                         ::testing::ValuesIn(Cells({kTcp, kFakeTcp})),
                         CellName);

TEST_P(FaultTcpTest, ResetIsReadByBothEnds) {
  Connect(R"(rule { id: "rst" match { network: "$net" after_bytes: 1 nth: 1 }
             reset {} })");
  ASSERT_THAT(near_->Write("1"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "1");
  absl::Status read;
  const auto reader = Go([&] { read = ReadError(*near_); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  ASSERT_THAT(near_->Write("2"), IsOk());
  reader->Join();
  EXPECT_THAT(read, IsReset());
  EXPECT_THAT(std::string(read.message()),
              ::testing::EndsWith(": read: connection reset by peer"));
  EXPECT_EQ(Injector(read), "rst");
  EXPECT_THAT(ReadError(*near_), IsEof());
  const absl::Status write = near_->Write("3");
  EXPECT_THAT(write, IsBrokenPipe());
  EXPECT_EQ(Injector(write), "rst");
  EXPECT_THAT(near_->SetDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_THAT(ReadError(*far_), IsReset());
  EXPECT_THAT(near_->Close(), IsOk());
}

TEST_P(FaultTcpTest, ResetByWhatIsReceived) {
  Connect(
      R"(rule { id: "rst" match { network: "$net" direction: BACK from: "127.0.0.1" }
             reset {} })");
  ASSERT_THAT(far_->Write("1"), IsOk());
  const absl::Status read = ReadError(*near_);
  EXPECT_THAT(read, IsReset());
  EXPECT_EQ(Injector(read), "rst");
  EXPECT_THAT(ReadError(*far_), IsReset());
}

// Places are those of bytes that went.
TEST_P(FaultStreamTest, AWriteThatIsCutCountsWhatItWrote) {
  Connect(R"(rule { id: "never" match { after_bytes: 99999999 } optional: true
             hold {} })");
  near_->SetWriteDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
  const std::string much(20 << 20, 'x');
  const absl::Status cut = AtAlarms(1, [&] { return near_->Write(much); });
  EXPECT_THAT(cut, IsTimeout());
  near_->SetWriteDeadline(absl::InfiniteFuture()).IgnoreError();
  const uint64_t done = BytesDone(cut);
  ASSERT_GT(done, 0);
  std::string got(done, '\0');
  const auto reader = Go([&] {
    ASSERT_THAT(ReadFull(*far_, absl::MakeSpan(&got[0], done)), IsOk());
  });
  reader->Join();
  ASSERT_THAT(AddRule(client_->faults(),
                      absl::StrCat("id: 'then' match { after_bytes: ", done + 1,
                                   " } hold {}")),
              IsOk());
  ASSERT_THAT(near_->Write("1"), IsOk());
  ASSERT_EQ(Hits("then"), 0);
  EXPECT_EQ(ReadSome(*far_), "1");
  ASSERT_THAT(near_->Write("2"), IsOk());
  EXPECT_EQ(Hits("then"), 1);
}

}  // namespace
}  // namespace plumb
