// What the table in README.md says of every network.
#include "testing/fault/fault_transport.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/conformance/conn_pair.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/scope.h"

namespace plumb {
namespace {

class FaultEverywhereTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultEverywhereTest,
                         ::testing::ValuesIn(Cells(
                             {kTcp, kUdp, kUdpPackets, kUnix, kUnixgram,
                              kUnixgramPackets, kUnixpacket, kFakeTcp, kFakeUdp,
                              kFakeUdpPackets, kFakeUnix, kFakeUnixgram,
                              kFakeUnixgramPackets, kFakeUnixpacket})),
                         CellName);

class FaultDialTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultDialTest,
    ::testing::ValuesIn(Cells({kTcp, kUdp, kUnix, kUnixgram, kUnixpacket,
                               kFakeTcp, kFakeUdp, kFakeUnix, kFakeUnixgram,
                               kFakeUnixpacket})),
    CellName);

TEST_P(FaultEverywhereTest, DelayOfWhatIsSent) {
  Connect(R"(rule { id: "far" delay { min: "20ms" } })");
  ASSERT_THAT(near_->Write("late"), IsOk());
  EXPECT_EQ(Elapsed(), absl::ZeroDuration());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*far_); }), "late");
  EXPECT_EQ(Elapsed(), absl::Milliseconds(20));
  EXPECT_EQ(Hits("far"), 1);
}

TEST_P(FaultEverywhereTest, DelayOfWhatIsReceived) {
  Connect(R"(rule { id: "far" delay { min: "20ms" } })");
  ASSERT_THAT(far_->Write("late"), IsOk());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*near_); }), "late");
  EXPECT_EQ(Elapsed(), absl::Milliseconds(20));
}

TEST_P(FaultEverywhereTest, RateIsOfBytes) {
  Connect(R"(rule { id: "slow" rate { bytes_per_second: 100 } })");
  ASSERT_THAT(near_->Write("0123456789"), IsOk());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*far_); }), "0123456789");
  EXPECT_EQ(Elapsed(), absl::Milliseconds(100));
}

TEST_P(FaultEverywhereTest, CorruptChangesAByte) {
  Connect(R"(rule { id: "rot" match { nth: 1 } corrupt {} })");
  for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                 std::pair(far_.get(), near_.get())}) {
    ASSERT_THAT(from->Write("0000"), IsOk());
    const std::string got = ReadSome(*to);
    ASSERT_EQ(got.size(), 4);
    EXPECT_EQ(std::count(got.begin(), got.end(), '0'), 3) << got;
  }
  EXPECT_EQ(Hits("rot"), 2);
}

TEST_P(FaultEverywhereTest, HoldEndsWithItsRule) {
  Connect(R"(rule { id: "stop" off: true hold {} })");
  for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                 std::pair(far_.get(), near_.get())}) {
    ASSERT_THAT(client_->faults().Enable("stop"), IsOk());
    ASSERT_THAT(from->Write("held"), IsOk());
    std::string got;
    Conn* const reader = to;
    const auto thread = Go([&] { got = ReadSome(*reader); });
    EXPECT_TRUE(WaitUntilBlocked(*near_, to == near_.get() ? 1 : 0));
    EXPECT_THAT(client_->faults().Disable("stop"), IsOk());
    thread->Join();
    EXPECT_EQ(got, "held");
  }
}

TEST_P(FaultEverywhereTest, PartitionLosesDatagramsAndDelaysStreams) {
  Connect(R"(rule { id: "cut" off: true partition {} })");
  for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                 std::pair(far_.get(), near_.get())}) {
    ASSERT_THAT(client_->faults().Enable("cut"), IsOk());
    ASSERT_THAT(from->Write("1"), IsOk());
    if (from == far_.get()) {
      near_->SetReadDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
      EXPECT_THAT(AtAlarms(1, [&] { return ReadError(*near_); }), IsTimeout());
      near_->SetReadDeadline(absl::InfiniteFuture()).IgnoreError();
    }
    ASSERT_THAT(client_->faults().Disable("cut"), IsOk());
    ASSERT_THAT(from->Write("2"), IsOk());
    if (net().stream) {
      EXPECT_EQ(ReadSome(*to, 1), "1");
    }
    EXPECT_EQ(ReadSome(*to, 1), "2");
  }
}

TEST_P(FaultEverywhereTest, HalfOpenIsSilentBothWays) {
  Connect(R"(rule { id: "gone" match { nth: 1 } half_open {} })");
  ASSERT_THAT(near_->Write("1"), IsOk());
  ASSERT_THAT(near_->Write("2"), IsOk());
  ASSERT_THAT(far_->Write("3"), IsOk());
  near_->SetReadDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
  EXPECT_THAT(AtAlarms(1, [&] { return ReadError(*near_); }), IsTimeout());
  near_->SetReadDeadline(absl::InfiniteFuture()).IgnoreError();
  client_->faults().Heal();
  ASSERT_THAT(near_->Write("4"), IsOk());
  ASSERT_THAT(far_->Write("5"), IsOk());
  if (net().stream) {
    std::string all(3, '\0');
    EXPECT_THAT(ReadFull(*far_, absl::MakeSpan(&all[0], 3)), IsOk());
    EXPECT_EQ(all, "124");
    EXPECT_EQ(ReadSome(*near_, 1), "3");
  } else {
    EXPECT_EQ(ReadSome(*far_), "4");
  }
  EXPECT_EQ(ReadSome(*near_, 1), "5");
}

TEST_P(FaultDialTest, FailDialRefused) {
  Load(R"(rule { id: "no" fail_dial { how: REFUSED } })");
  Listen();
  const absl::Status status = Dial().status();
  EXPECT_EQ(status.message(), DialText() + "connect: connection refused");
  EXPECT_THAT(status, IsRefused());
  EXPECT_EQ(Injector(status), "no");
}

TEST_P(FaultDialTest, FailDialTimeout) {
  Load(R"(rule { id: "no" fail_dial { how: TIMEOUT } })");
  Listen();
  const absl::Status status = AtAlarms(1, [&] { return Dial().status(); });
  EXPECT_EQ(status.message(), DialText() + "connect: connection timed out");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Injector(status), "no");
  EXPECT_EQ(Elapsed(), absl::Seconds(131));
}

TEST_P(FaultDialTest, FailDialHangsUntilItsDeadline) {
  Load(R"(rule { id: "no" fail_dial { how: HANG } })");
  Listen();
  DialOptions options;
  options.timeout = absl::Seconds(5);
  const absl::Status status =
      AtAlarms(1, [&] { return Dial(options).status(); });
  EXPECT_EQ(status.message(), DialText() + "i/o timeout");
  EXPECT_THAT(status, IsTimeout());
  EXPECT_EQ(Injector(status), "no");
  EXPECT_EQ(Elapsed(), absl::Seconds(5));
}

TEST_P(FaultDialTest, FailDialHangsUntilItsScopeEnds) {
  Load(R"(rule { id: "no" fail_dial { how: HANG } })");
  Listen();
  const absl::Status status = AtAlarms(1, [&] {
    DeadlineScope scope(absl::Seconds(7), clock_);
    return Dial().status();
  });
  EXPECT_THAT(status, IsTimeout());
  EXPECT_EQ(Elapsed(), absl::Seconds(7));
}

TEST_P(FaultDialTest, FailDialNoSuchHost) {
  Load(R"(rule { id: "no" fail_dial { how: NO_SUCH_HOST } })");
  Listen();
  const absl::Status status = Dial().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Injector(status), "no");
  EXPECT_EQ(status.message(),
            net().ip ? absl::StrCat("dial ", net().network,
                                    ": lookup 127.0.0.1: no such host")
                     : DialText() + "connect: no such file or directory");
  EXPECT_EQ(IsNoSuchHost(status), net().ip);
}

TEST_P(FaultDialTest, FailOpAndDelayOfADial) {
  Load(R"(
    rule { id: "d" match { operation: DIAL nth: 1 }
           fail_op { error: "EMFILE" } }
    rule { id: "s" match { operation: DIAL } delay { min: "4s" } }
  )");
  Listen();
  const absl::Status dial = AtAlarms(1, [&] { return Dial().status(); });
  EXPECT_EQ(dial.message(), DialText() + "connect: too many open files");
  EXPECT_EQ(Injector(dial), "d");
  EXPECT_THAT(AtAlarms(1, [&] { return Dial().status(); }), IsOk());
  EXPECT_EQ(Elapsed(), absl::Seconds(8));
}

class FaultAcceptTest : public FaultCellTest {};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultAcceptTest,
    ::testing::ValuesIn(Cells({kTcp, kUdp, kUnix, kUnixpacket, kFakeTcp,
                               kFakeUdp, kFakeUnix, kFakeUnixpacket})),
    CellName);

TEST_P(FaultAcceptTest, AcceptIsDelayedAndFails) {
  Load(R"(
    rule { id: "a" match { operation: ACCEPT nth: 1 }
           fail_op { error: "EMFILE" } }
    rule { id: "s" match { operation: ACCEPT } delay { min: "3s" } }
  )");
  listener_ = *client_->Listen(net().network, FreeAddress());
  address_ = listener_->Address();
  near_ = *inner_->Dial(net().network, address_.ToString());
  // A Listener over udp hears of it by that.
  ASSERT_THAT(near_->Write("hello"), IsOk());
  const absl::Status status =
      AtAlarms(1, [&] { return listener_->Accept().status(); });
  EXPECT_EQ(status.message(),
            absl::StrCat("accept ", net().network, " ", address_.ToString(),
                         ": accept4: too many open files"));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Injector(status), "a");
  EXPECT_THAT(AtAlarms(1, [&] { return listener_->Accept().status(); }),
              IsOk());
  EXPECT_EQ(Elapsed(), absl::Seconds(6));
  listener_->SetDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
  EXPECT_THAT(AtAlarms(1, [&] { return listener_->Accept().status(); }),
              IsTimeout());
  listener_->SetDeadline(absl::InfiniteFuture()).IgnoreError();
  const auto closer = Go([&] {
    EXPECT_TRUE(WaitUntilBlocked(*listener_, 1));
    EXPECT_THAT(listener_->Close(), IsOk());
  });
  EXPECT_THAT(listener_->Accept().status(), IsClosed());
  closer->Join();
}

TEST_P(FaultEverywhereTest, FailOpOfReadAndWrite) {
  Connect(R"(
    rule { id: "r" match { operation: READ nth: 1 } fail_op { error: "EIO" } }
    rule { id: "w" match { operation: WRITE nth: 2 }
           fail_op { error: "ENOBUFS" } }
  )");
  ASSERT_THAT(far_->Write("kept"), IsOk());
  const absl::Status read = ReadError(*near_);
  EXPECT_THAT(std::string(read.message()),
              ::testing::EndsWith(": read: input/output error"));
  EXPECT_EQ(Injector(read), "r");
  EXPECT_EQ(ReadSome(*near_), "kept");
  ASSERT_THAT(near_->Write("1"), IsOk());
  const absl::Status write = near_->Write("2");
  EXPECT_THAT(std::string(write.message()),
              ::testing::EndsWith(": write: no buffer space available"));
  EXPECT_EQ(write.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Injector(write), "w");
  ASSERT_THAT(near_->Write("3"), IsOk());
  EXPECT_EQ(ReadSome(*far_, 1), "1");
  EXPECT_EQ(ReadSome(*far_, 1), "3");
}

TEST_P(FaultEverywhereTest, DelayOfReadAndWrite) {
  Connect(R"(
    rule { id: "r" match { operation: READ } delay { min: "1s" } }
    rule { id: "w" match { operation: WRITE } delay { min: "2s" } }
  )");
  EXPECT_THAT(AtAlarms(1, [&] { return near_->Write("x"); }), IsOk());
  EXPECT_EQ(Elapsed(), absl::Seconds(2));
  EXPECT_EQ(ReadSome(*far_), "x");
  ASSERT_THAT(far_->Write("y"), IsOk());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*near_); }), "y");
  EXPECT_EQ(Elapsed(), absl::Seconds(3));
}

TEST_P(FaultEverywhereTest, StopReadingLastsAsLongAsItsRule) {
  Connect(R"(rule { id: "stuck" match { nth: 2 } stop_reading {} })");
  ASSERT_THAT(far_->Write("1"), IsOk());
  EXPECT_EQ(ReadSome(*near_), "1");
  ASSERT_THAT(far_->Write("2"), IsOk());
  std::string got;
  const auto reader = Go([&] { got = ReadSome(*near_); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  EXPECT_EQ(Hits("stuck"), 1);
  client_->faults().Heal();
  reader->Join();
  EXPECT_EQ(got, "2");
}

TEST_P(FaultEverywhereTest, StopReadingLastsAsLongAsEachOfItsRules) {
  Connect(R"(
    rule { id: "first" stop_reading {} }
    rule { id: "second" stop_reading {} }
  )");
  ASSERT_THAT(far_->Write("kept"), IsOk());
  ASSERT_THAT(near_->SetReadDeadline(clock_.TimeNow() + absl::Seconds(1)),
              IsOk());
  absl::Status read;
  const auto reader = Go([&] { read = ReadError(*near_); });
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  ASSERT_THAT(client_->faults().Disable("first"), IsOk());
  EXPECT_TRUE(WaitUntilBlocked(*near_, 1));
  clock_.Advance(absl::Seconds(1));
  reader->Join();
  EXPECT_THAT(read, IsTimeout());
  EXPECT_EQ(Injector(read), "second");
  ASSERT_THAT(near_->SetReadDeadline(absl::InfiniteFuture()), IsOk());
  ASSERT_THAT(client_->faults().Disable("second"), IsOk());
  EXPECT_EQ(ReadSome(*near_), "kept");
}

TEST_P(FaultEverywhereTest, StopReadingEndsWithTheDeadline) {
  Connect(R"(rule { id: "stuck" stop_reading {} })");
  ASSERT_THAT(far_->Write("kept"), IsOk());
  near_->SetReadDeadline(clock_.TimeNow() + absl::Seconds(1)).IgnoreError();
  const absl::Status status = AtAlarms(1, [&] { return ReadError(*near_); });
  EXPECT_THAT(status, IsTimeout());
  EXPECT_EQ(Injector(status), "stuck");
  near_->SetReadDeadline(absl::InfiniteFuture()).IgnoreError();
  ASSERT_THAT(client_->faults().Disable("stuck"), IsOk());
  EXPECT_EQ(ReadSome(*near_), "kept");
}

TEST_P(FaultEverywhereTest, DelayedAndHeldIsSentAfterClose) {
  Connect(R"(rule { id: "far" delay { min: "20ms" } })");
  ASSERT_THAT(near_->Write("last"), IsOk());
  ASSERT_THAT(near_->Close(), IsOk());
  EXPECT_EQ(AtAlarms(1, [&] { return ReadSome(*far_); }), "last");
  if (net().stream) {
    EXPECT_THAT(ReadError(*far_), IsEof());
  }
}

}  // namespace
}  // namespace plumb
