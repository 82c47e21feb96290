// What a timeline does over sockets: outages of a host, and rules that it turns
// on and off. Of tcp, fault_hosts_test has more.
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_transport.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"

namespace plumb {
namespace {

class FaultOutageTest : public FaultCellTest {
 protected:
  // The other end is "db".
  void Load(absl::string_view plan) {
    Listen();
    FaultTransportOptions options;
    options.host = "web";
    options.names = {
        {net().ip ? "127.0.0.1" : std::string(address_.name()), "db"}};
    const std::string text =
        absl::StrReplaceAll(plan, {{"$net", net().network}});
    auto made = MakeFaultTransport(inner_, text, options, clock_);
    ASSERT_TRUE(made.ok()) << made.status();
    client_ = *std::move(made);
  }
  void Open(absl::string_view plan) {
    Load(plan);
    near_ = net().packets ? Unconnected() : *Dial();
    far_ = net().listens
               ? *listener_->Accept()
               : ConnOverPackets(std::move(packets_), near_->LocalAddr());
  }
  void AdvanceTo(absl::Duration time) { clock_.Advance(time - Elapsed()); }
  // Over which a connection is set up.
  bool connects() const { return net().listens; }

  void ExpectNothingToRead(Conn& conn) {
    ASSERT_THAT(conn.SetReadDeadline(clock_.TimeNow() + absl::Milliseconds(1)),
                IsOk());
    // Not by the next alarm, which may be that of what is kept.
    const auto reader = Go([&] { EXPECT_THAT(ReadError(conn), IsTimeout()); });
    EXPECT_TRUE(WaitUntilBlocked(conn, 1));
    clock_.Advance(absl::Milliseconds(1));
    reader->Join();
    ASSERT_THAT(conn.SetReadDeadline(absl::InfiniteFuture()), IsOk());
  }
};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultOutageTest,
    ::testing::ValuesIn(Cells({kTcp, kUdp, kUdpPackets, kUnix, kUnixgram,
                               kUnixgramPackets, kUnixpacket, kFakeUdp,
                               kFakeUnix, kFakeUnixgram, kFakeUnixpacket})),
    CellName);

constexpr char kCrash[] =
    "timeline { at: '1s' crash: 'db' } timeline { at: '2s' restart: 'db' }";

// What goes on is the next message; a stream ends.
TEST_P(FaultOutageTest, ACrashLosesAndARestartResets) {
  Open(kCrash);
  ASSERT_THAT(near_->Write("0"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "0");
  AdvanceTo(absl::Seconds(1));
  ASSERT_THAT(near_->Write("1"), IsOk());
  ASSERT_THAT(far_->Write("1"), IsOk());
  ExpectNothingToRead(*near_);
  AdvanceTo(absl::Seconds(2));
  if (net().stream) {
    const absl::Status read = ReadError(*near_);
    EXPECT_THAT(read, IsReset());
    EXPECT_EQ(Injector(read), "restart of db");
    EXPECT_THAT(ReadError(*near_), IsEof());
    EXPECT_THAT(near_->Write("2"), IsBrokenPipe());
    // No call resets a unix socket.
    const bool resets = absl::string_view(net().network) == "tcp";
    EXPECT_EQ(IsReset(ReadError(*far_)), resets);
    return;
  }
  ASSERT_THAT(near_->Write("2"), IsOk());
  EXPECT_EQ(ReadSome(*far_), "2");
  ASSERT_THAT(far_->Write("2"), IsOk());
  EXPECT_EQ(ReadSome(*near_), "2");
}

constexpr char kPause[] =
    "timeline { at: '1s' pause: 'db' } timeline { at: '1h' resume: 'db' }";

TEST_P(FaultOutageTest, APauseKeepsWhatGoesEitherWay) {
  Open(kPause);
  AdvanceTo(absl::Seconds(1));
  ASSERT_THAT(near_->Write("there"), IsOk());
  ASSERT_THAT(far_->Write("back"), IsOk());
  ExpectNothingToRead(*near_);
  const auto reader = Go([&] { EXPECT_EQ(ReadSome(*far_), "there"); });
  EXPECT_TRUE(WaitUntilBlocked(*far_, 1));
  AdvanceTo(absl::Hours(1));
  reader->Join();
  EXPECT_EQ(ReadSome(*near_), "back");
}

TEST_P(FaultOutageTest, TheTimelineTurnsRulesOnAndHeals) {
  Open(R"(
    rule { id: "cut" off: true match { to: "db" } partition {} }
    rule { id: "stop" off: true match { to: "db" } hold {} }
    timeline { at: "1s" enable: "cut" }
    timeline { at: "2s" heal {} }
    timeline { at: "3s" enable: "stop" }
    timeline { at: "4s" disable: "stop" }
  )");
  AdvanceTo(absl::Seconds(1));
  ASSERT_THAT(near_->Write("1"), IsOk());
  ASSERT_THAT(far_->Write("1"), IsOk());
  ExpectNothingToRead(*near_);
  AdvanceTo(absl::Seconds(2));
  ASSERT_THAT(near_->Write("2"), IsOk());
  if (net().stream) {
    EXPECT_EQ(ReadSome(*far_, 1), "1");
    EXPECT_EQ(ReadSome(*near_, 1), "1");
  }
  EXPECT_EQ(ReadSome(*far_, 1), "2");
  AdvanceTo(absl::Seconds(3));
  ASSERT_THAT(near_->Write("3"), IsOk());
  const auto reader = Go([&] { EXPECT_EQ(ReadSome(*far_, 1), "3"); });
  EXPECT_TRUE(WaitUntilBlocked(*far_, 1));
  AdvanceTo(absl::Seconds(4));
  reader->Join();
}

class FaultDialOutageTest : public FaultOutageTest {};
INSTANTIATE_TEST_SUITE_P(
    Cells, FaultDialOutageTest,
    ::testing::ValuesIn(Cells({kTcp, kUdp, kUnix, kUnixgram, kUnixpacket,
                               kFakeUdp, kFakeUnix, kFakeUnixgram,
                               kFakeUnixpacket})),
    CellName);

// Where nobody is asked, a Dial does not wait.
TEST_P(FaultDialOutageTest, ADialWaitsForTheRestart) {
  Load(kCrash);
  AdvanceTo(absl::Seconds(1));
  EXPECT_THAT(AtAlarms(connects() ? 1 : 0, [&] { return Dial().status(); }),
              IsOk());
  EXPECT_EQ(Elapsed(), absl::Seconds(connects() ? 2 : 1));
}

TEST_P(FaultDialOutageTest, ADialWaitsForTheEndOfAPause) {
  Load(kPause);
  AdvanceTo(absl::Seconds(1));
  EXPECT_THAT(AtAlarms(connects() ? 1 : 0, [&] { return Dial().status(); }),
              IsOk());
  EXPECT_EQ(Elapsed(), connects() ? absl::Hours(1) : absl::Seconds(1));
}

TEST_P(FaultDialOutageTest, OfAHostThatStaysDownItTimesOut) {
  Load("timeline { at: '1s' crash: 'db' }");
  AdvanceTo(absl::Seconds(1));
  const absl::Status status =
      AtAlarms(connects() ? 1 : 0, [&] { return Dial().status(); });
  if (!connects()) {
    EXPECT_THAT(status, IsOk());
    return;
  }
  EXPECT_EQ(status.message(), DialText() + "connect: connection timed out");
  EXPECT_EQ(Injector(status), "crash of db");
  EXPECT_EQ(Elapsed(), absl::Seconds(1 + 131));
}

TEST_P(FaultDialOutageTest, ARuleRefusesForSomeTime) {
  Load(R"(
    rule { id: "no" off: true match { to: "db" } fail_dial {} }
    timeline { at: "1s" enable: "no" }
    timeline { at: "2s" disable: "no" }
  )");
  EXPECT_THAT(Dial(), IsOk());
  AdvanceTo(absl::Seconds(1));
  const absl::Status status = Dial().status();
  EXPECT_EQ(status.message(), DialText() + "connect: connection refused");
  EXPECT_EQ(Injector(status), "no");
  AdvanceTo(absl::Seconds(2));
  EXPECT_THAT(Dial(), IsOk());
}

}  // namespace
}  // namespace plumb
