// Cases for addresses of Listeners and for Close.
#include <atomic>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/listener_suite.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {

using Code = absl::StatusCode;

void ListenerConformance::SetUpCase() {
  listener_ = Listen();
  ASSERT_NE(listener_, nullptr);
}

void ListenerConformance::ListenOn(Clock& clock) {
  listener_ = nullptr;
  UseClock(clock);
  listener_ = Listen();
  ASSERT_NE(listener_, nullptr);
}

std::unique_ptr<ListenerConformance::Accepter> ListenerConformance::StartAccept(
    int count) {
  auto accepter = std::make_unique<Accepter>();
  accepter->task =
      Go([&to = *accepter, &from = *listener_] { to.result = from.Accept(); });
  EXPECT_TRUE(WaitUntilBlocked(*listener_, count));
  return accepter;
}

CONFORMANCE_CASE(ListenerConformance, AddressIsReal) {
  Covers({"S-LN-06", "S-AD-02", "S-CL-04", "N-G02", "N-G04", "C-LI-01"});
  const Addr before = address();
  EXPECT_EQ(before.network(), backend().addr_network);
  EXPECT_EQ(before.port() != 0, backend().ports);
  const std::unique_ptr<Listener> second = Listen();
  EXPECT_NE(second->Address(), before);
  EXPECT_THAT(listener().Close(), IsOk());
  EXPECT_EQ(address(), before);
}

CONFORMANCE_CASE(ListenerConformance, AddressCanBeDialled) {
  Covers({"S-DI-15", "S-AD-02", "N-G10", "C-AD-01", "C-AD-03", "C-LS"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const Ends ends, Connect(listener()));
  EXPECT_TRUE(Works(*ends.client, *ends.server));
  EXPECT_EQ(ends.client->RemoteAddr(), address());
  EXPECT_EQ(ends.server->LocalAddr(), address());
  EXPECT_EQ(ends.server->RemoteAddr(), ends.client->LocalAddr());
  EXPECT_EQ(ends.client->LocalAddr().ToString() == "@",
            !backend().diallers_have_addresses);
}

CONFORMANCE_CASE(ListenerConformance, AddressInUse) {
  Covers({"S-LN-09", "S-LN-10", "S-ER-03", "S-ER-04", "N-G11", "C-RS-01"});
  const absl::Status status =
      transport().Listen(network(), address().ToString()).status();
  EXPECT_TRUE(HasError(status, Code::kAlreadyExists, "listen", Addr(),
                       address(), "bind: address already in use"));
  EXPECT_THAT(status, IsAddressInUse());
  EXPECT_EQ(GetErrorInfo(status)->syscall, "bind");
  EXPECT_EQ(GetErrorInfo(status)->errno_value, EADDRINUSE);
}

CONFORMANCE_CASE(ListenerConformance, AddressIsFreeWhenCloseReturns) {
  Covers({"S-CL-05", "S-LN-04", "C-LI-01", "C-RS-01", "D-CL-03"});
  std::unique_ptr<Listener> current = TakeListener();
  const std::string where = current->Address().ToString();
  for (int i = 0; i < 20; ++i) {
    absl::Status status;
    std::atomic<bool> ran{false};
    const std::unique_ptr<Task> accept = Go([&, &from = *current] {
      status = from.Accept().status();
      ran = true;
    });
    ASSERT_TRUE(WaitUntilBlocked(*current, 1));
    ASSERT_THAT(current->Close(), IsOk());
    // A decorator waits until all have left it.
    if (executor().one_at_a_time() && !close_waits()) {
      EXPECT_FALSE(ran);
    }
    auto next = transport().Listen(network(), where);
    accept->Join();
    EXPECT_THAT(status, IsClosed());
    ASSERT_THAT(next, IsOk());
    current = *std::move(next);
  }
}

CONFORMANCE_CASE(ListenerConformance, CloseEndsEveryAccept) {
  Covers({"S-CL-01", "S-CN-06", "S-ER-05", "S-ER-07", "S-AC-06", "D-CL-01",
          "D-TQ-01"});
  std::vector<std::unique_ptr<Accepter>> accepters;
  for (int i = 1; i <= 3; ++i) accepters.push_back(StartAccept(i));
  EXPECT_THAT(listener().Close(), IsOk());
  for (const auto& accepter : accepters) {
    EXPECT_TRUE(IsClosedOf("accept", address(), accepter->Join()));
    EXPECT_THAT(accepter->result, IsClosed());
  }
}

CONFORMANCE_CASE(ListenerConformance, AfterClose) {
  Covers({"S-CL-02", "S-CL-03", "S-CL-04", "S-DL-14", "S-ER-04", "S-ER-05",
          "N-G02", "C-LI-03"});
  EXPECT_THAT(listener().Close(), IsOk());
  const absl::Status again = listener().Close();
  EXPECT_TRUE(IsClosedOf("close", address(), again));
  EXPECT_THAT(again, IsClosed());
  EXPECT_TRUE(IsClosedOf("accept", address(), listener().Accept().status()));
  EXPECT_TRUE(IsClosedOf("set", address(), listener().SetDeadline(LongAgo())));
  EXPECT_TRUE(IsClosedOf("close", address(), listener().Close()));
}

CONFORMANCE_CASE(ListenerConformance, ClosesAtTheSameTime) {
  Covers({"S-CL-03", "D-CL-02"});
  int ok = 0, closed = 0;
  std::vector<absl::Status> results(4);
  std::vector<std::unique_ptr<Task>> tasks;
  for (absl::Status& result : results) {
    tasks.push_back(Go([this, &result] { result = listener().Close(); }));
  }
  for (const auto& task : tasks) task->Join();
  for (const absl::Status& result : results) {
    (result.ok() ? ok : closed) += 1;
    if (!result.ok()) {
      EXPECT_TRUE(IsClosedOf("close", address(), result));
    }
  }
  EXPECT_EQ(ok, 1);
  EXPECT_EQ(closed, 3);
}

CONFORMANCE_CASE(ListenerConformance, DestructionEndsAccept) {
  Covers({"S-CL-11", "C-CN-04", "D-DT-01", "D-DT-02"});
  const Addr where = address();
  const auto accepter = StartAccept();
  TakeListener() = nullptr;
  EXPECT_TRUE(IsClosedOf("accept", where, accepter->Join()));
  EXPECT_THAT(transport().Listen(network(), where.ToString()), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, QueuedConnsWhenItCloses) {
  Covers({"C-LI-02"});
  CoversIf(backend().queued_are_reset, {"S-CL-08"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  EXPECT_THAT(listener().Close(), IsOk());
  if (backend().queued_are_reset) {
    const absl::Status status = ReadSome(*client).status();
    EXPECT_TRUE(HasError(status, Code::kUnavailable, "read",
                         client->LocalAddr(), client->RemoteAddr(),
                         "read: connection reset by peer"));
    EXPECT_THAT(status, IsReset());
  } else {
    // What it wrote is lost, which nobody tells; but nobody is there any more.
    EXPECT_THAT(client->Write("is anybody there?"), IsOk());
    const absl::Status status = ReadSome(*client).status();
    EXPECT_TRUE(HasError(status, Code::kUnavailable, "read",
                         client->LocalAddr(), client->RemoteAddr(),
                         "read: connection refused"));
  }
  // It does not hold the address.
  EXPECT_THAT(transport().Listen(network(), address().ToString()), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, ConnsOutliveListenerAndTransport) {
  Covers({"C-LI-06", "D-DT-01"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const Ends ends, Connect(listener()));
  TakeListener() = nullptr;
  DropTransport();
  EXPECT_TRUE(Works(*ends.client, *ends.server));
}

CONFORMANCE_CASE(ListenerConformance, ListenerOutlivesItsTransport) {
  Covers({"C-LI-06"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  DropTransport();
  EXPECT_THAT(listener().Accept(), IsOk());
  const auto accepter = StartAccept();
  EXPECT_THAT(listener().Close(), IsOk());
  EXPECT_THAT(accepter->Join(), IsClosed());
}

CONFORMANCE_CASE(ListenerConformance, Extensions) {
  Covers({"D-EX-01"});
  EXPECT_NE(Extension<BlockedProbe>(listener()), nullptr);
  EXPECT_EQ(listener().Extension("plumb.NoSuchThing"), nullptr);
  EXPECT_EQ(listener().Extension(""), nullptr);
}

}  // namespace plumb
