// Cases for Dial.
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/transport_suite.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/scope.h"

namespace plumb {

using Code = absl::StatusCode;

CONFORMANCE_CASE(TransportConformance, NobodyAtTheAddress) {
  const bool asks = backend().dial_kind != DialKind::kAsksNobody;
  Covers({"C-PK-06", "C-ER-02"});
  CoversIf(asks, {"S-DI-02", "S-DI-16", "C-LI-05"});
  CoversIf(!asks, {"S-DI-14"});
  const Addr nobody = NobodysAddress();
  const auto conn = transport().Dial(network(), nobody.ToString());
  if (asks) {
    EXPECT_TRUE(FailsToDial(conn.status(), nobody, Code::kUnavailable,
                            "connect: connection refused"));
    EXPECT_THAT(conn, IsRefused());
    return;
  }
  ASSERT_THAT(conn, IsOk());
  EXPECT_EQ((*conn)->RemoteAddr(), nobody);
  EXPECT_THAT((*conn)->Write("is anybody there?"), IsOk());
  if (backend().nobody_there == NobodyThere::kRefused) {
    const absl::Status status = ReadSome(**conn).status();
    EXPECT_TRUE(HasError(status, Code::kUnavailable, "read",
                         (*conn)->LocalAddr(), nobody,
                         "read: connection refused"));
    EXPECT_THAT(status, IsRefused());
  }
  // And it goes on.
  EXPECT_THAT((*conn)->SetReadDeadline(LongAgo()), IsOk());
  EXPECT_THAT(ReadSome(**conn), IsTimeout());
}

CONFORMANCE_CASE(TransportConformance, AddressesOfADialledConn) {
  Covers({"S-AD-02", "C-AD-01", "C-AD-02", "C-AD-03"});
  const Target target = MakeTarget();
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto conn,
      transport().Dial(network(), target.address().ToString()));
  EXPECT_EQ(conn->RemoteAddr(), target.address());
  EXPECT_EQ(conn->RemoteAddr().network(), backend().addr_network);
  const Addr local = conn->LocalAddr();
  EXPECT_EQ(local.network(), backend().addr_network);
  EXPECT_EQ(local.ToString() == "@", !backend().diallers_have_addresses);
  EXPECT_EQ(local.port() != 0, backend().ports);
  EXPECT_THAT(conn->Close(), IsOk());
  EXPECT_EQ(conn->LocalAddr(), local);
  EXPECT_EQ(conn->RemoteAddr(), target.address());
}

CONFORMANCE_CASE(TransportConformance, LocalAddress) {
  Covers({"S-DI-13", "C-AD-01"});
  const Target target = MakeTarget();
  DialOptions options;
  options.local_address = backend().free_address();
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto conn,
      transport().Dial(network(), target.address().ToString(), options));
  if (backend().ports) {
    EXPECT_EQ(conn->LocalAddr().ip(), target.address().ip());
    EXPECT_NE(conn->LocalAddr().port(), 0);
  } else {
    EXPECT_EQ(conn->LocalAddr().ToString(), *options.local_address);
  }
}

CONFORMANCE_CASE(TransportConformance, LocalAddressInUse) {
  CoversIf(backend().exclusive, {"S-DI-02", "S-LN-09", "C-ER-02", "C-RS-01"});
  const Target target = MakeTarget(), other = MakeTarget();
  DialOptions options;
  options.local_address = other.address().ToString();
  const absl::Status status =
      transport()
          .Dial(network(), target.address().ToString(), options)
          .status();
  if (!backend().exclusive) {
    EXPECT_THAT(status, IsOk());
    return;
  }
  EXPECT_TRUE(HasError(status, Code::kAlreadyExists, "dial", other.address(),
                       target.address(), "bind: address already in use"));
  EXPECT_THAT(status, IsAddressInUse());
}

CONFORMANCE_CASE(TransportConformance, TimeThatHasPassed) {
  Covers({"S-DI-05", "C-DL-07", "C-RS-01"});
  const Target target = MakeTarget();
  const Addr address = target.address();
  std::vector<DialOptions> passed(5);
  passed[0].timeout = absl::ZeroDuration();
  passed[1].timeout = absl::Seconds(-1);
  passed[2].timeout = -absl::InfiniteDuration();
  passed[3].deadline = LongAgo();
  passed[4].deadline = absl::InfinitePast();
  for (const DialOptions& options : passed) {
    const absl::Status status =
        transport().Dial(network(), address.ToString(), options).status();
    EXPECT_TRUE(
        FailsToDial(status, address, Code::kDeadlineExceeded, "i/o timeout"));
    EXPECT_THAT(status, IsTimeout());
  }
}

CONFORMANCE_CASE(TransportConformance, TimeThatIsFarAway) {
  Covers({"S-DL-13", "C-DL-07"});
  const Target target = MakeTarget();
  for (const absl::Duration timeout :
       {absl::Hours(24), absl::Seconds(int64_t{1} << 62),
        absl::InfiniteDuration()}) {
    DialOptions options;
    options.timeout = timeout;
    options.deadline = absl::Now() + timeout;
    EXPECT_THAT(
        transport().Dial(network(), target.address().ToString(), options),
        IsOk());
  }
}

CONFORMANCE_CASE(TransportConformance, ScopesThatHaveEnded) {
  Covers({"S-DI-05", "D-SC-01", "D-SC-03", "D-OC-01", "C-RS-01"});
  const Target target = MakeTarget();
  const Addr address = target.address();
  {
    const DeadlineScope scope(absl::ZeroDuration());
    const absl::Status status =
        transport().Dial(network(), address.ToString()).status();
    EXPECT_TRUE(
        FailsToDial(status, address, Code::kDeadlineExceeded, "i/o timeout"));
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kScopeTimeout);
  }
  CancelScope scope;
  scope.Cancel();
  DialOptions late;
  late.deadline = LongAgo();
  for (const DialOptions& options : {DialOptions(), late}) {
    const absl::Status status =
        transport().Dial(network(), address.ToString(), options).status();
    EXPECT_TRUE(FailsToDial(status, address, Code::kCancelled,
                            "operation was canceled"));
    EXPECT_THAT(status, IsCancelledCall());
    EXPECT_THAT(status, ::testing::Not(IsClosed()));
  }
}

CONFORMANCE_CASE(TransportConformance, TimeAndScopesAreForDialAlone) {
  Covers({"S-DI-10", "D-SC-01"});
  UseManualClock();
  const Target target = MakeTarget();
  std::unique_ptr<Conn> conn;
  {
    CancelScope scope;
    DialOptions options;
    options.timeout = absl::Minutes(1);
    PLUMB_ASSERT_OK_AND_ASSIGN(
        conn,
        transport().Dial(network(), target.address().ToString(), options));
    scope.Cancel();
  }
  manual_clock().Advance(absl::Hours(1));
  EXPECT_THAT(conn->Write("x"), IsOk());
}

CONFORMANCE_CASE(TransportConformance, ConnOutlivesItsTransport) {
  Covers({"C-LI-06"});
  const Target target = MakeTarget();
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto conn,
      transport().Dial(network(), target.address().ToString()));
  DropTransport();
  EXPECT_THAT(conn->Write("x"), IsOk());
  EXPECT_THAT(conn->Close(), IsOk());
}

CONFORMANCE_CASE(TransportConformance, ADialledConnHearsItsPeerAlone) {
  CoversIf(backend().packets, {"S-UD-03"});
  if (!backend().packets) {
    // There is nothing that a third could send to it.
    const std::unique_ptr<Listener> listener = Listen();
    ASSERT_NE(listener, nullptr);
    PLUMB_ASSERT_OK_AND_ASSIGN(const Ends ends, Connect(*listener));
    EXPECT_TRUE(Works(*ends.client, *ends.server));
    return;
  }
  const auto peer = ListenPacket(), third = ListenPacket();
  ASSERT_NE(peer, nullptr);
  ASSERT_NE(third, nullptr);
  DialOptions options;
  options.local_address = backend().free_address();
  PLUMB_ASSERT_OK_AND_ASSIGN(
      const auto conn,
      transport().Dial(network(), peer->LocalAddr().ToString(), options));
  const absl::Status sent = third->WriteTo("for nobody", conn->LocalAddr());
  if (backend().dial_kind == DialKind::kFindsPeer) {
    // Where the sender finds the receiver it is told.
    EXPECT_TRUE(HasError(sent, Code::kPermissionDenied, "write",
                         third->LocalAddr(), conn->LocalAddr(),
                         "sendto: operation not permitted"));
  } else {
    EXPECT_THAT(sent, IsOk());
  }
  ASSERT_THAT(peer->WriteTo("for it", conn->LocalAddr()), IsOk());
  EXPECT_THAT(ReadSome(*conn), IsOkAndHolds("for it"));
}

CONFORMANCE_CASE(TransportConformance, MethodsOfManyAtOnce) {
  Covers({"C-CN-03", "C-RS-01"});
  const Target target = MakeTarget();
  const std::string address = target.address().ToString();
  std::vector<std::unique_ptr<Task>> tasks;
  for (int i = 0; i < 20; ++i) {
    tasks.push_back(Go([this, &address] {
      EXPECT_THAT(transport().Dial(network(), address), IsOk());
    }));
    if (backend().listens) {
      tasks.push_back(Go([this] { EXPECT_NE(Listen(), nullptr); }));
    }
    if (backend().packets) {
      tasks.push_back(Go([this] { EXPECT_NE(ListenPacket(), nullptr); }));
    }
  }
  for (const auto& task : tasks) task->Join();
}

}  // namespace plumb
