// Cases for deadlines and scopes of Accept.
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/listener_suite.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/scope.h"

namespace plumb {

using Code = absl::StatusCode;

CONFORMANCE_CASE(ListenerConformance, PastDeadlineConsumesNothing) {
  Covers({"S-DL-01", "S-DL-02", "S-DL-04", "S-DL-06", "S-DL-11", "S-DL-16",
          "S-AC-05", "C-DL-07"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  for (const absl::Time when :
       {LongAgo(), absl::Time(), absl::InfinitePast(), absl::Now()}) {
    ASSERT_THAT(listener().SetDeadline(when), IsOk());
    for (int i = 0; i < 2; ++i) {
      const absl::Status status = listener().Accept().status();
      EXPECT_TRUE(IsTimeoutOf("accept", address(), status));
      EXPECT_THAT(status, IsTimeout());
    }
  }
  ASSERT_THAT(listener().SetDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_THAT(listener().Accept(), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, FarDeadlinesAreNone) {
  Covers({"S-DL-13"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  ASSERT_THAT(listener().SetDeadline(absl::FromUnixSeconds(int64_t{1} << 60)),
              IsOk());
  EXPECT_THAT(listener().Accept(), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, PastDeadlineEndsABlockedAccept) {
  Covers({"S-DL-03", "S-DL-08", "S-DL-15", "S-CN-06", "D-TQ-01", "C-DL-07"});
  std::vector<std::unique_ptr<Accepter>> accepters;
  for (int i = 1; i <= 2; ++i) accepters.push_back(StartAccept(i));
  ASSERT_THAT(listener().SetDeadline(LongAgo()), IsOk());
  for (const auto& accepter : accepters) {
    EXPECT_TRUE(IsTimeoutOf("accept", address(), accepter->Join()));
  }
}

CONFORMANCE_CASE(ListenerConformance, DeadlineIsNeverEarly) {
  Covers({"S-DL-12", "N-G08"});
  for (const int millis : {1, 7, 20}) {
    const absl::Time deadline = absl::Now() + absl::Milliseconds(millis);
    ASSERT_THAT(listener().SetDeadline(deadline), IsOk());
    EXPECT_TRUE(IsTimeoutOf("accept", address(), listener().Accept().status()));
    EXPECT_GE(absl::Now(), deadline);
  }
}

CONFORMANCE_CASE(ListenerConformance, DeadlineComesWithTheClock) {
  Covers({"S-DL-12", "D-CK-01"});
  ListenOnManualClock();
  const absl::Time deadline = manual_clock().TimeNow() + absl::Minutes(1);
  ASSERT_THAT(listener().SetDeadline(deadline), IsOk());
  const auto accepter = StartAccept();
  manual_clock().Advance(absl::Minutes(1) - absl::Nanoseconds(1));
  EXPECT_EQ(
      CountBlocked(*Extension<BlockedProbe>(listener()), Direction::kBoth), 1);
  manual_clock().Advance(absl::Nanoseconds(1));
  EXPECT_TRUE(IsTimeoutOf("accept", address(), accepter->Join()));
}

CONFORMANCE_CASE(ListenerConformance, DeadlineIsMonotonicOnceItIsSet) {
  Covers({"S-DL-18"});
  ListenOn(jumping_clock());
  ASSERT_THAT(
      listener().SetDeadline(jumping_clock().TimeNow() + absl::Seconds(10)),
      IsOk());
  jumping_clock().Jump(absl::Hours(1));
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  EXPECT_THAT(listener().Accept(), IsOk());
  jumping_clock().Jump(-absl::Hours(2));
  manual_clock().Advance(absl::Seconds(10));
  EXPECT_TRUE(IsTimeoutOf("accept", address(), listener().Accept().status()));
}

CONFORMANCE_CASE(ListenerConformance, DeadlineMovesWhileAcceptWaits) {
  Covers({"S-DL-07", "S-DL-08", "S-DL-15"});
  ListenOnManualClock();
  const absl::Time start = manual_clock().TimeNow();
  ASSERT_THAT(listener().SetDeadline(start + absl::Minutes(1)), IsOk());
  const auto extended = StartAccept();
  ASSERT_THAT(listener().SetDeadline(start + absl::Hours(1)), IsOk());
  manual_clock().Advance(absl::Minutes(2));
  ASSERT_TRUE(WaitUntilBlocked(listener(), 1));
  ASSERT_THAT(listener().SetDeadline(start + absl::Minutes(3)), IsOk());
  manual_clock().Advance(absl::Minutes(1));
  EXPECT_TRUE(IsTimeoutOf("accept", address(), extended->Join()));
}

CONFORMANCE_CASE(ListenerConformance, DeadlineIsClearedWhileAcceptWaits) {
  Covers({"S-DL-06", "S-DL-07"});
  ListenOnManualClock();
  const absl::Time start = manual_clock().TimeNow();
  ASSERT_THAT(listener().SetDeadline(start + absl::Minutes(1)), IsOk());
  const auto accepter = StartAccept();
  ASSERT_THAT(listener().SetDeadline(absl::InfiniteFuture()), IsOk());
  manual_clock().Advance(absl::Hours(1));
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  EXPECT_THAT(accepter->Join(), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, DeadlineIsNotThatOfAcceptedConns) {
  Covers({"N-G12"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const Ends ends, Connect(listener()));
  ASSERT_THAT(listener().SetDeadline(LongAgo()), IsOk());
  EXPECT_TRUE(Works(*ends.client, *ends.server));
  ASSERT_THAT(listener().SetDeadline(absl::InfiniteFuture()), IsOk());
  ASSERT_THAT(ends.server->SetDeadline(LongAgo()), IsOk());
  EXPECT_THAT(Connect(listener()), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, ScopesThatHaveEndedConsumeNothing) {
  Covers({"D-SC-01", "D-SC-03"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  {
    CancelScope scope;
    scope.Cancel();
    const absl::Status status = listener().Accept().status();
    EXPECT_TRUE(IsCancelOf("accept", address(), status));
    EXPECT_THAT(status, IsCancelledCall());
    EXPECT_THAT(status, ::testing::Not(IsClosed()));
  }
  {
    const DeadlineScope scope(absl::ZeroDuration());
    const absl::Status status = listener().Accept().status();
    EXPECT_TRUE(IsTimeoutOf("accept", address(), status));
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kScopeTimeout);
  }
  EXPECT_THAT(listener().Accept(), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, ScopesEndABlockedAccept) {
  Covers({"S-CN-06", "D-SC-01", "D-SC-03", "D-TQ-01"});
  CancelSource stop;
  absl::Status cancelled, timed_out;
  const auto first = Go([&] {
    const CancelScope scope(stop);
    cancelled = listener().Accept().status();
  });
  const auto second = Go([&] {
    const DeadlineScope scope(absl::Minutes(1), manual_clock());
    timed_out = listener().Accept().status();
  });
  ASSERT_TRUE(WaitUntilBlocked(listener(), 2));
  stop.Cancel();
  first->Join();
  EXPECT_TRUE(IsCancelOf("accept", address(), cancelled));
  manual_clock().Advance(absl::Minutes(1));
  second->Join();
  EXPECT_TRUE(IsTimeoutOf("accept", address(), timed_out));
  EXPECT_THAT(Connect(listener()), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, OrderOfChecks) {
  Covers({"S-DL-05", "D-OC-01", "D-CL-04"});
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  ASSERT_THAT(listener().SetDeadline(LongAgo()), IsOk());
  CancelScope scope;
  EXPECT_THAT(listener().Accept(), IsTimeout());
  scope.Cancel();
  EXPECT_THAT(listener().Accept(), IsCancelledCall());
  // Close is none of the scope's business.
  EXPECT_THAT(listener().Close(), IsOk());
  EXPECT_THAT(listener().Accept(), IsClosed());
}

CONFORMANCE_CASE(ListenerConformance, OrderOfChecksAfterAWakeUp) {
  CoversIf(executor().one_at_a_time(), {"D-OC-02"});
  const auto accepter = StartAccept();
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  ASSERT_THAT(listener().SetDeadline(LongAgo()), IsOk());
  const absl::Status& status = accepter->Join();
  std::unique_ptr<Conn> next;
  if (status.ok()) {
    // Where Dial or the test's thread has waited, the connection came first.
    PLUMB_ASSERT_OK_AND_ASSIGN(next, DialTo(listener()));
  } else {
    EXPECT_TRUE(IsTimeoutOf("accept", address(), status));
  }
  // The deadline counts before the connection that is there.
  EXPECT_TRUE(IsTimeoutOf("accept", address(), listener().Accept().status()));
  ASSERT_THAT(listener().SetDeadline(absl::InfiniteFuture()), IsOk());
  EXPECT_THAT(listener().Accept(), IsOk());
}

CONFORMANCE_CASE(ListenerConformance, EverythingAtOnce) {
  Covers({"N-11", "S-DL-15"});
  constexpr int kTimes = 30;
  std::vector<std::unique_ptr<Conn>> dialled(kTimes);
  std::vector<std::unique_ptr<Task>> tasks;
  for (int i = 0; i < kTimes; ++i) {
    tasks.push_back(Go([this] {
      const absl::Status status = listener().Accept().status();
      if (!status.ok()) {
        EXPECT_TRUE(IsTimeoutOf("accept", address(), status));
      }
    }));
    tasks.push_back(Go([this, i] {
      EXPECT_THAT(listener().SetDeadline(i % 2 == 0 ? LongAgo()
                                                    : absl::InfiniteFuture()),
                  IsOk());
    }));
    tasks.push_back(Go([this, &conn = dialled[i]] {
      PLUMB_ASSERT_OK_AND_ASSIGN(conn, DialTo(listener()));
    }));
  }
  // Whoever still waits, ends.
  EXPECT_THAT(listener().SetDeadline(LongAgo()), IsOk());
  for (size_t i = 1; i < tasks.size(); ++i) {
    if (i % 3 != 0) tasks[i]->Join();
  }
  EXPECT_THAT(listener().SetDeadline(LongAgo()), IsOk());
  for (const auto& task : tasks) task->Join();
  EXPECT_TRUE(IsTimeoutOf("accept", address(), listener().Accept().status()));
  // It is usable: what nobody has accepted comes, and then who dials now.
  ASSERT_THAT(listener().SetDeadline(absl::InfiniteFuture()), IsOk());
  PLUMB_ASSERT_OK_AND_ASSIGN(const auto client, DialTo(listener()));
  // Of streams they are gone; of datagrams each keeps its address.
  if (!backend().accepted_by_datagram) {
    dialled.clear();
    ASSERT_THAT(client->Write("hello"), IsOk());
  }
  std::unique_ptr<Conn> server;
  do {
    PLUMB_ASSERT_OK_AND_ASSIGN(server, listener().Accept());
  } while (server->RemoteAddr() != client->LocalAddr() ||
           !ReadSome(*server).ok());
  EXPECT_TRUE(Works(*client, *server));
}

}  // namespace plumb
