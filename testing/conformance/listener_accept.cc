// Cases for Accept.
#include <atomic>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/turns.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/scope.h"

namespace plumb {

using Code = absl::StatusCode;

CONFORMANCE_CASE(ListenerConformance, AcceptWaitsForADialler) {
  Covers({"S-AC-01", "N-G04"});
  const auto accepter = StartAccept();
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  EXPECT_THAT(accepter->Join(), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, ClientThatHasClosedAlready) {
  Covers({"S-AC-08"});
  PLUMB_ASSERT_OK_AND_ASSIGN(auto client,
                             transport().Dial(network(), address().ToString()));
  EXPECT_THAT(client->Write("last words"), IsOk());
  EXPECT_THAT(client->Close(), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto server, listener().Accept());
  EXPECT_THAT(ReadSome(*server), IsOkAndHolds(std::string("last words")));
  if (backend().accepted_by_datagram) {
    // Nobody tells the end.
    EXPECT_THAT(server->SetReadDeadline(LongAgo()), IsOk());
    EXPECT_THAT(ReadSome(*server), IsTimeout());
  } else {
    EXPECT_THAT(ReadSome(*server), IsEof());
    EXPECT_THAT(ReadSome(*server), IsEof());
  }
}

// Linux does not take it out of the queue.
CONFORMANCE_CASE(ListenerConformance, ClientThatHasResetAlready) {
  PLUMB_ASSERT_OK_AND_ASSIGN(auto client, DialTo(listener()));
  auto* const tcp = Extension<TcpControl>(*client);
  if (tcp == nullptr) {
    // There is nothing to reset it with, as decorators may hide it; its end
    // comes as ever.
    EXPECT_TRUE(backend().addr_network != "tcp" || backend().close_waits ||
                GetParam().variant.decorated);
    EXPECT_THAT(client->Close(), IsOk());
    EXPECT_THAT(listener().Accept(), IsOk());
    return CoversLack({"C-LI-08"});
  }
  Covers({"C-LI-08"});
  ASSERT_THAT(client->Write("last words"), IsOk());
  ASSERT_THAT(tcp->SetLinger(absl::ZeroDuration()), IsOk());
  const Addr from = client->LocalAddr();
  ASSERT_THAT(client->Close(), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto server, listener().Accept());
  EXPECT_EQ(server->RemoteAddr(), from);
  EXPECT_THAT(ReadSome(*server), IsOkAndHolds("last words"));
  const absl::Status reset = ReadSome(*server).status();
  EXPECT_TRUE(HasError(reset, Code::kUnavailable, "read", address(), from,
                       "read: connection reset by peer"));
  EXPECT_THAT(reset, IsReset());
  EXPECT_THAT(ReadSome(*server), IsEof());
  EXPECT_TRUE(HasError(server->Write("too late"), Code::kUnavailable, "write",
                       address(), from, "write: broken pipe"));
  // And the Listener goes on.
  PLUMB_ASSERT_OK_AND_ASSIGN(const Ends ends, Connect(listener()));
  EXPECT_TRUE(Works(*ends.client, *ends.server));
}

CONFORMANCE_CASE(ListenerConformance, ConcurrentAcceptsAreAllServed) {
  Covers({"S-CN-04", "C-LI-04"});
  constexpr int kAccepts = 8;
  std::vector<std::unique_ptr<Accepter>> accepters;
  for (int i = 1; i <= kAccepts; ++i) accepters.push_back(StartAccept(i));
  std::vector<std::unique_ptr<Conn>> clients;
  for (int i = 0; i < kAccepts; ++i) {
    PLUMB_ASSERT_OK_AND_ASSIGN(auto client, DialTo(listener()));
    clients.push_back(std::move(client));
  }
  std::set<Addr> served;
  for (const auto& accepter : accepters) {
    ASSERT_THAT(accepter->Join(), IsOk());
    served.insert((*accepter->result)->RemoteAddr());
  }
  EXPECT_EQ(served.size(), backend().diallers_have_addresses ? 8u : 1u);
}

CONFORMANCE_CASE(ListenerConformance, ManyConnections) {
  Covers({"C-RS-01", "N-G11"});
  const int count = GetParam().variant.name() == "Threads" ? 1000 : 100;
  const auto server = Go([&] {
    for (int i = 0; i < count; ++i) {
      const auto conn = listener().Accept();
      ASSERT_THAT(conn, IsOk());
      const auto got = ReadSome(**conn);
      ASSERT_THAT(got, IsOk());
      EXPECT_THAT((*conn)->Write(absl::StrCat("re: ", *got)), IsOk());
    }
  });
  for (int i = 0; i < count; ++i) {
    auto client = transport().Dial(network(), address().ToString());
    ASSERT_THAT(client, IsOk());
    EXPECT_THAT((*client)->Write(absl::StrCat(i)), IsOk());
    EXPECT_THAT(ReadSome(**client), IsOkAndHolds(absl::StrCat("re: ", i)));
  }
  server->Join();
}

CONFORMANCE_CASE(ListenerConformance, AcceptsByTurnsOnSeveralThreads) {
  Covers({"D-MT-01"});
  constexpr int kTurns = 30;
  std::atomic<int> turns{0};
  const auto dialler = Go([&] {
    for (int i = 0; i < kTurns; ++i) {
      const auto client = DialTo(listener());
      ASSERT_THAT(client, IsOk());
      ASSERT_TRUE(WaitUntil([&] { return turns > i; }, "it is accepted"));
    }
  });
  EXPECT_TRUE(RunByTurns(executor(), kTurns, [&](int i) {
    EXPECT_THAT(listener().Accept(), IsOk());
    turns = i + 1;
  }));
  dialler->Join();
}

// What is in the queue is not seen by who waits for something else.
CONFORMANCE_CASE(ListenerConformance, EveryDiallerGetsItsOwnConn) {
  Covers({"C-LI-04"});
  std::vector<std::unique_ptr<Conn>> clients, servers;
  for (int i = 0; i < 5; ++i) {
    PLUMB_ASSERT_OK_AND_ASSIGN(
        auto client, transport().Dial(network(), address().ToString()));
    EXPECT_THAT(client->Write(absl::StrCat("I am ", i)), IsOk());
    clients.push_back(std::move(client));
  }
  for (int i = 0; i < 5; ++i) {
    PLUMB_ASSERT_OK_AND_ASSIGN(auto server, listener().Accept());
    PLUMB_ASSERT_OK_AND_ASSIGN(const std::string name, ReadSome(*server));
    EXPECT_THAT(server->Write(absl::StrCat("so ", name)), IsOk());
    servers.push_back(std::move(server));
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(ReadSome(*clients[i]),
                IsOkAndHolds(absl::StrCat("so I am ", i)));
  }
}

// Fills the queue of a Listener; the Dials after that wait.
class Queue {
 public:
  Queue(Transport& transport, const std::string& network, const Addr& address) {
    DialOptions brief;
    brief.timeout = absl::Milliseconds(50);
    // A machine under load may be slow to connect; that is not so twice.
    for (int failed = 0; failed < 2;) {
      auto conn = transport.Dial(network, address.ToString(), brief);
      if (conn.ok()) {
        conns_.push_back(*std::move(conn));
      } else {
        full_ = conn.status();
        ++failed;
      }
    }
  }

  // Of the Dial that found it full.
  const absl::Status& full() const { return full_; }

 private:
  absl::Status full_;
  std::vector<std::unique_ptr<Conn>> conns_;
};

CONFORMANCE_CASE(ListenerConformance, FullQueue) {
  Covers({"C-LI-07"});
  CoversIf(!backend().accepted_by_datagram, {"S-DI-05", "C-DL-07", "D-SC-01"});
  ListenOptions options;
  options.backlog = 1;
  const std::unique_ptr<Listener> small = Listen(options);
  const Addr where = small->Address();
  if (backend().accepted_by_datagram) {
    // A Dial waits for nobody; who comes too late is not heard.
    const auto first = DialTo(*small), second = DialTo(*small);
    ASSERT_THAT(first, IsOk());
    ASSERT_THAT(second, IsOk());
    PLUMB_ASSERT_OK_AND_ASSIGN(const auto server, small->Accept());
    EXPECT_EQ(server->RemoteAddr(), (*first)->LocalAddr());
    ASSERT_THAT(small->SetDeadline(absl::Now() + absl::Milliseconds(10)),
                IsOk());
    EXPECT_THAT(small->Accept(), IsTimeout());
    return;
  }
  const Queue queue(transport(), network(), where);
  EXPECT_TRUE(HasError(queue.full(), Code::kDeadlineExceeded, "dial", Addr(),
                       where, "i/o timeout"));
  EXPECT_THAT(queue.full(), IsTimeout());
  CancelSource stop;
  absl::Status cancelled;
  Event started;
  const auto dialler = Go([&] {
    const CancelScope scope(stop);
    started.Notify();
    cancelled = transport().Dial(network(), where.ToString()).status();
  });
  EXPECT_THAT(started.Wait(), IsOk());
  stop.Cancel();
  dialler->Join();
  EXPECT_TRUE(HasError(cancelled, Code::kCancelled, "dial", Addr(), where,
                       "operation was canceled"));
  EXPECT_THAT(cancelled, IsCancelledCall());
}

CONFORMANCE_CASE(ListenerConformance, DialThatWaitsIsServedLater) {
  Covers({"C-LI-07"});
  ListenOptions options;
  options.backlog = 1;
  const std::unique_ptr<Listener> small = Listen(options);
  if (backend().accepted_by_datagram) {
    // It does not wait; who was not heard has to write again.
    const auto first = DialTo(*small), late = DialTo(*small);
    ASSERT_THAT(late, IsOk());
    EXPECT_THAT(small->Accept(), IsOk());
    ASSERT_THAT((*late)->Write("again"), IsOk());
    PLUMB_ASSERT_OK_AND_ASSIGN(const auto server, small->Accept());
    EXPECT_EQ(server->RemoteAddr(), (*late)->LocalAddr());
    EXPECT_THAT(ReadSome(*server), IsOkAndHolds("again"));
    return;
  }
  const Queue queue(transport(), network(), small->Address());
  absl::StatusOr<std::unique_ptr<Conn>> last;
  const auto dialler = Go(
      [&] { last = transport().Dial(network(), small->Address().ToString()); });
  const auto server = Go([&] {
    std::vector<std::unique_ptr<Conn>> conns;
    for (;;) {
      auto conn = small->Accept();
      if (!conn.ok()) break;
      conns.push_back(*std::move(conn));
    }
  });
  dialler->Join();
  EXPECT_THAT(last, IsOk());
  EXPECT_THAT(small->Close(), IsOk());
  server->Join();
}

}  // namespace plumb
