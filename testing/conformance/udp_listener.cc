#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/turns.h"
#include "testing/conformance/udp_listener_suite.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/options.h"
#include "transport/scope.h"

namespace plumb {

using Code = absl::StatusCode;

void UdpListenerConformance::Start(const UdpListenOptions& limits) {
  ListenOptions options;
  options.extras.Set(limits);
  listener_ = nullptr;
  listener_ = Listen(options);
  ASSERT_NE(listener_, nullptr);
}

std::unique_ptr<Conn> UdpListenerConformance::Dial(
    absl::string_view first_write) {
  auto conn = transport().Dial(network(), listener_->Address().ToString());
  EXPECT_THAT(conn, IsOk());
  EXPECT_THAT((*conn)->Write(first_write), IsOk());
  return *std::move(conn);
}

UdpListenerConformance::Ends UdpListenerConformance::Connected() {
  absl::StatusOr<Ends> ends = Connect(listener());
  EXPECT_THAT(ends, IsOk());
  return ends.ok() ? *std::move(ends) : Ends();
}

UdpListenerCounters UdpListenerConformance::Counters() {
  return Extension<UdpListenerStats>(*listener_)->Counters();
}

std::unique_ptr<UdpListenerConformance::Reader>
UdpListenerConformance::StartRead(Conn& conn) {
  return StartRead(conn, CancelSource());
}

std::unique_ptr<UdpListenerConformance::Reader>
UdpListenerConformance::StartRead(Conn& conn, CancelSource stop) {
  auto reader = std::make_unique<Reader>();
  reader->task = Go([&to = *reader, &conn, stop] {
    const CancelScope scope(stop);
    to.result = ReadSome(conn);
  });
  EXPECT_TRUE(WaitUntilBlocked(conn, 1, Direction::kRead));
  return reader;
}

CONFORMANCE_CASE(UdpListenerConformance, OneConnForEachPeer) {
  Covers({"D-UL-01"});
  Start();
  const auto first = Dial("first"), second = Dial("second");
  ASSERT_THAT(first->Write("first again"), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto to_first, listener().Accept());
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto to_second, listener().Accept());
  EXPECT_EQ(to_first->RemoteAddr(), first->LocalAddr());
  EXPECT_EQ(to_second->RemoteAddr(), second->LocalAddr());
  EXPECT_THAT(to_second, ConnReads("second"));
  EXPECT_THAT(to_first, ConnReads("first"));
  EXPECT_THAT(to_first, ConnReads("first again"));
  ASSERT_THAT(to_first->Write("a"), IsOk());
  ASSERT_THAT(to_second->Write("b"), IsOk());
  EXPECT_THAT(second, ConnReads("b"));
  EXPECT_THAT(first, ConnReads("a"));
  EXPECT_EQ(Counters().peers, 2u);
}

CONFORMANCE_CASE(UdpListenerConformance, ClosedPeerComesBackAsANewConn) {
  Covers({"D-UL-01"});
  Start();
  const Ends ends = Connected();
  ASSERT_THAT(ends.server->Close(), IsOk());
  ASSERT_THAT(ends.client->Write("again"), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto again, listener().Accept());
  EXPECT_THAT(again, ConnReads("again"));
  EXPECT_EQ(again->RemoteAddr(), ends.client->LocalAddr());
}

CONFORMANCE_CASE(UdpListenerConformance, ListenerClosesAndPeersGoOn) {
  Covers({"D-UL-02"});
  Start();
  const Ends ends = Connected();
  const std::string where = listener().Address().ToString();
  ASSERT_THAT(listener().Close(), IsOk());
  EXPECT_TRUE(Works(*ends.client, *ends.server));
  // It is taken until the last peer has closed.
  EXPECT_THAT(transport().Listen(network(), where), IsAddressInUse());
  EXPECT_THAT(ends.server->Close(), IsOk());
  EXPECT_THAT(transport().Listen(network(), where), IsOk());
}

CONFORMANCE_CASE(UdpListenerConformance, CloseWriteEndsWritesAlone) {
  Covers({"D-UL-03"});
  Start();
  const Ends ends = Connected();
  ASSERT_THAT(ends.server->CloseWrite(), IsOk());
  EXPECT_TRUE(HasError(ends.server->Write("x"), Code::kFailedPrecondition,
                       "write", ends.server->LocalAddr(),
                       ends.server->RemoteAddr(), "write: broken pipe"));
  ASSERT_THAT(ends.client->Write("more"), IsOk());
  EXPECT_THAT(ends.server, ConnReads("more"));
}

CONFORMANCE_CASE(UdpListenerConformance, ShortBufferIsTold) {
  Covers({"D-UL-04", "S-UD-01"});
  Start();
  const Ends ends = Connected();
  ASSERT_THAT(ends.client->Write("abcdef"), IsOk());
  ASSERT_THAT(ends.client->Write("next"), IsOk());
  const absl::Status cut = ReadSome(*ends.server, 3).status();
  EXPECT_TRUE(HasError(cut, Code::kInvalidArgument, "read",
                       ends.server->LocalAddr(), ends.server->RemoteAddr(),
                       "read: message too long"));
  EXPECT_EQ(BytesDone(cut), 6u);
  EXPECT_THAT(ends.server, ConnReads("next"));
}

CONFORMANCE_CASE(UdpListenerConformance, LongerThanAnyDatagramMayBe) {
  Covers({"D-UL-04", "D-UL-05"});
  UdpListenOptions limits;
  limits.max_datagram = 10;
  Start(limits);
  const Ends ends = Connected();
  ASSERT_THAT(ends.client->Write("0123456789ab"), IsOk());
  const absl::Status cut = ReadSome(*ends.server).status();
  EXPECT_EQ(cut.code(), Code::kInvalidArgument);
  EXPECT_EQ(BytesDone(cut), 12u);
}

// Whoever waits in Accept or Read reads the socket for all; when one leaves,
// another goes on.
CONFORMANCE_CASE(UdpListenerConformance, LeaderIsServedAndLeaves) {
  Covers({"D-UL-06"});
  Start();
  const Ends one = Connected(), two = Connected();
  const auto leader = StartRead(*one.server), other = StartRead(*two.server);
  ASSERT_THAT(one.client->Write("1"), IsOk());
  EXPECT_THAT(leader->Join(), IsOkAndHolds(std::string("1")));
  ASSERT_THAT(two.client->Write("2"), IsOk());
  EXPECT_THAT(other->Join(), IsOkAndHolds(std::string("2")));
}

CONFORMANCE_CASE(UdpListenerConformance, LeaderServesTheOthers) {
  Covers({"D-UL-06"});
  Start();
  const Ends one = Connected(), two = Connected();
  const auto leader = StartRead(*one.server), other = StartRead(*two.server);
  ASSERT_THAT(two.client->Write("2"), IsOk());
  EXPECT_THAT(other->Join(), IsOkAndHolds(std::string("2")));
  ASSERT_THAT(one.client->Write("1"), IsOk());
  EXPECT_THAT(leader->Join(), IsOkAndHolds(std::string("1")));
}

CONFORMANCE_CASE(UdpListenerConformance, LeaderIsClosed) {
  Covers({"D-UL-06"});
  Start();
  const Ends one = Connected(), two = Connected();
  const auto leader = StartRead(*one.server), other = StartRead(*two.server);
  ASSERT_THAT(one.server->Close(), IsOk());
  EXPECT_THAT(leader->Join(), IsClosed());
  ASSERT_THAT(two.client->Write("2"), IsOk());
  EXPECT_THAT(other->Join(), IsOkAndHolds(std::string("2")));
}

CONFORMANCE_CASE(UdpListenerConformance, LeaderTimesOut) {
  Covers({"D-UL-06"});
  Start();
  const Ends one = Connected(), two = Connected();
  const auto leader = StartRead(*one.server), other = StartRead(*two.server);
  ASSERT_THAT(one.server->SetReadDeadline(LongAgo()), IsOk());
  EXPECT_THAT(leader->Join(), IsTimeout());
  ASSERT_THAT(two.client->Write("2"), IsOk());
  EXPECT_THAT(other->Join(), IsOkAndHolds(std::string("2")));
}

CONFORMANCE_CASE(UdpListenerConformance, LeaderIsCancelled) {
  Covers({"D-UL-06"});
  Start();
  const Ends one = Connected(), two = Connected();
  CancelSource stop;
  const auto leader = StartRead(*one.server, stop);
  const auto other = StartRead(*two.server);
  stop.Cancel();
  EXPECT_THAT(leader->Join(), IsCancelledCall());
  ASSERT_THAT(two.client->Write("2"), IsOk());
  EXPECT_THAT(other->Join(), IsOkAndHolds(std::string("2")));
}

CONFORMANCE_CASE(UdpListenerConformance, LeaderWaitsInAccept) {
  Covers({"D-UL-06"});
  Start();
  const Ends ends = Connected();
  absl::Status status;
  const auto leader =
      Go([this, &status] { status = listener().Accept().status(); });
  ASSERT_TRUE(WaitUntilBlocked(listener(), 1));
  const auto other = StartRead(*ends.server);
  ASSERT_THAT(listener().Close(), IsOk());
  leader->Join();
  EXPECT_THAT(status, IsClosed());
  ASSERT_THAT(ends.client->Write("2"), IsOk());
  EXPECT_THAT(other->Join(), IsOkAndHolds(std::string("2")));
}

// With another peer's Read waiting all the time, so that the lead goes from one
// to the other.
CONFORMANCE_CASE(UdpListenerConformance, LeadByTurnsOnSeveralThreads) {
  Covers({"D-UL-06", "D-MT-01"});
  Start();
  const Ends one = Connected(), two = Connected();
  constexpr int kTurns = 30;
  const auto other = Go([&] {
    for (int i = 0; i < kTurns; ++i) {
      ASSERT_THAT(ReadSome(*two.server), IsOkAndHolds(absl::StrCat(i)));
      ASSERT_THAT(two.server->Write("heard"), IsOk());
    }
  });
  const auto clients = Go([&] {
    for (int i = 0; i < kTurns; ++i) {
      ASSERT_THAT(one.client->Write(absl::StrCat("one ", i)), IsOk());
      ASSERT_THAT(ReadSome(*one.client), IsOkAndHolds(std::string("heard")));
      ASSERT_THAT(two.client->Write(absl::StrCat(i)), IsOk());
      ASSERT_THAT(ReadSome(*two.client), IsOkAndHolds(std::string("heard")));
    }
  });
  EXPECT_TRUE(RunByTurns(executor(), kTurns, [&](int i) {
    ASSERT_THAT(ReadSome(*one.server), IsOkAndHolds(absl::StrCat("one ", i)));
    ASSERT_THAT(one.server->Write("heard"), IsOk());
  }));
  clients->Join();
  other->Join();
}

CONFORMANCE_CASE(UdpListenerConformance, TooManyPeers) {
  Covers({"D-UL-05"});
  UdpListenOptions limits;
  limits.max_peers = 2;
  Start(limits);
  const Ends one = Connected(), two = Connected();
  const auto third = Dial("too late");
  // Somebody has to read the socket for it to be dropped.
  ASSERT_THAT(one.client->Write("1"), IsOk());
  EXPECT_THAT(one.server, ConnReads("1"));
  ASSERT_THAT(listener().SetDeadline(absl::Now() + absl::Milliseconds(10)),
              IsOk());
  EXPECT_THAT(listener().Accept(), IsTimeout());
  EXPECT_EQ(Counters().dropped_newcomers, 1u);
  EXPECT_EQ(Counters().peers, 2u);
  EXPECT_TRUE(Works(*two.client, *two.server));
  // One leaves, and there is room for another.
  ASSERT_THAT(two.server->Close(), IsOk());
  ASSERT_THAT(third->Write("now?"), IsOk());
  ASSERT_THAT(listener().SetDeadline(absl::InfiniteFuture()), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto accepted, listener().Accept());
  EXPECT_THAT(accepted, ConnReads("now?"));
}

CONFORMANCE_CASE(UdpListenerConformance, TooMuchQueued) {
  Covers({"D-UL-05"});
  UdpListenOptions limits;
  limits.peer_queue_bytes = 2 * (50 + UdpListenOptions::kDatagramOverhead);
  Start(limits);
  const Ends one = Connected(), two = Connected();
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(one.client->Write(std::string(50, 'x')), IsOk());
  }
  EXPECT_TRUE(Works(*two.client, *two.server));
  EXPECT_EQ(Counters().dropped_datagrams, 1u);
  EXPECT_EQ(Counters().queued_bytes, limits.peer_queue_bytes);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(one.server, ConnReads(std::string(50, 'x')));
  }
  EXPECT_EQ(Counters().queued_bytes, 0u);
}

CONFORMANCE_CASE(UdpListenerConformance, IdlePeersEnd) {
  Covers({"D-UL-07"});
  UseManualClock();
  UdpListenOptions limits;
  limits.idle_timeout = absl::Seconds(10);
  Start(limits);
  const Ends ends = Connected();
  manual_clock().Advance(absl::Seconds(9));
  EXPECT_TRUE(Works(*ends.client, *ends.server));
  const auto reader = StartRead(*ends.server);
  ASSERT_TRUE(
      WaitUntil([&] { return manual_clock().alarm_count() > 0; }, "an alarm"));
  manual_clock().Advance(absl::Seconds(10));
  EXPECT_THAT(reader->Join(), IsEof());
  EXPECT_THAT(ReadSome(*ends.server), IsEof());
  EXPECT_EQ(Counters().expired_peers, 1u);
  // Its next datagram makes a new Conn.
  ASSERT_THAT(ends.client->Write("again"), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto again, listener().Accept());
  EXPECT_THAT(again, ConnReads("again"));
}

}  // namespace plumb
