#include "transport/server/server.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/scope.h"
#include "transport/server/on_fibers.h"
#include "transport/server/server_fixture_for_test.h"
#include "transport/server/serving_for_test.h"

namespace plumb {
namespace {

TEST_P(ServerTest, ADeadlineScopeAroundServeEndsTheHandlersToo) {
  absl::Status handled;
  background_.Go([&, &server = server()] {
    const DeadlineScope limit(absl::Seconds(5), clock_);
    served_ = server.Serve(*listener_,
                           [&](Conn& conn) { handled = EchoUntilBye(conn); });
  });
  auto conn = Dial();
  ExpectEcho(*conn, "hello");
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(5));
  background_.Join();
  EXPECT_TRUE(IsTimeout(served_)) << served_;
  EXPECT_TRUE(IsCancelledCall(handled)) << handled;
  EXPECT_EQ(server().Counters().cancelled, 1u);
}

TEST_P(ServerTest, AScopeThatEndsWhileHandlersFinishCancelsThem) {
  ServeEcho();
  auto conn = Dial();
  ExpectEcho(*conn, "hello");
  EXPECT_EQ(listener_->Close(), absl::OkStatus());
  ExpectEcho(*conn, "still here");
  stop_.Cancel();
  background_.Join();
  // Closed comes before cancelled.
  EXPECT_TRUE(IsClosed(served_)) << served_;
  EXPECT_EQ(server().Counters().cancelled, 1u);
}

TEST_P(ServerTest, TheDeadlineOfTheListenerEndsServeAndNoHandler) {
  ServeEcho();
  auto conn = Dial();
  ExpectEcho(*conn, "hello");
  EXPECT_EQ(listener_->SetDeadline(absl::UnixEpoch()), absl::OkStatus());
  ExpectEcho(*conn, "still here");
  EXPECT_EQ(conn->Write("bye"), absl::OkStatus());
  background_.Join();
  EXPECT_TRUE(IsTimeout(served_)) << served_;
  EXPECT_EQ(server().Counters().finished, 1u);
}

TEST_P(ServerTest, OneServerServesSeveralListeners) {
  FakeHost& host = *network_.Host("server");
  auto udp = host.Listen("udp", ":53");
  auto packets = host.Listen("unixpacket", "/packets");
  ASSERT_EQ(udp.status(), absl::OkStatus());
  ASSERT_EQ(packets.status(), absl::OkStatus());
  ServeEcho();
  for (Listener* listener : {udp->get(), packets->get()}) {
    background_.Go([&server = server(), listener] {
      EXPECT_EQ(
          server.Serve(*listener,
                       [](Conn& conn) { EchoUntilBye(conn).IgnoreError(); }),
          absl::OkStatus());
    });
  }
  auto one = Dial();
  auto two = host.Dial("udp", ":53");
  auto three = host.Dial("unixpacket", "/packets");
  ExpectEcho(*one, "one");
  ExpectEcho(**two, "two");
  ExpectEcho(**three, "three");
  EXPECT_EQ(server().Counters().active, 3u);
  EXPECT_EQ(server().Counters().peak, 3u);
  EXPECT_EQ(server().Shutdown(absl::InfinitePast()).cancelled, 3u);
  background_.Join();
}

TEST_P(ServerTest, TheLimitIsForAllListenersTogether) {
  FakeHost& host = *network_.Host("server");
  auto other = host.Listen("tcp", ":81");
  ASSERT_EQ(other.status(), absl::OkStatus());
  options_.max_connections = 1;
  const auto handler = [](Conn& conn) { EchoUntilBye(conn).IgnoreError(); };
  ServeEcho();
  background_.Go([&, &server = server()] {
    EXPECT_EQ(server.Serve(**other, handler), absl::OkStatus());
  });
  auto one = Dial();
  ExpectEcho(*one, "hello");
  auto two = host.Dial("tcp", ":81");
  EXPECT_EQ((*two)->Write("hello"), absl::OkStatus());
  ExpectEcho(*one, "still here");
  EXPECT_EQ(one->Write("bye"), absl::OkStatus());
  char echo[5];
  EXPECT_EQ(ReadFull(**two, absl::MakeSpan(echo)), absl::OkStatus());
  EXPECT_EQ(server().Counters().peak, 1u);
  server().Shutdown(absl::InfinitePast());
  background_.Join();
}

TEST_P(ServerTest, ALimitOfNoneIsOne) {
  options_.max_connections = 0;
  ServeEcho();
  auto conn = Dial();
  ExpectEcho(*conn, "hello");
  server().Shutdown(absl::InfinitePast());
}

uint64_t SumOf(const ServerCounters& counters) {
  return counters.active + counters.finished + counters.cancelled +
         counters.rejected;
}

TEST_P(ServerTest, TheCountersAddUpAtAnyTime) {
  ServeEcho();
  constexpr uint64_t kEach = 250;
  for (int i = 0; i < 4; ++i) {
    background_.Go([this] {
      for (uint64_t j = 0; j < kEach; ++j) {
        auto conn = Dial();
        ExpectEcho(*conn, "hello");
        EXPECT_EQ(conn->Write("bye"), absl::OkStatus());
      }
    });
  }
  ServerCounters counters;
  EXPECT_TRUE(WaitUntil(
      [&] {
        counters = server().Counters();
        return counters.accepted != SumOf(counters) ||
               counters.finished == 4 * kEach;
      },
      "all are served"));
  EXPECT_EQ(counters.accepted, SumOf(counters));
  auto last = Dial();
  ExpectEcho(*last, "hello");
  EXPECT_EQ(server().Shutdown(absl::InfinitePast()).cancelled, 1u);
  background_.Join();
  counters = server().Counters();
  EXPECT_EQ(counters.accepted, 4 * kEach + 1);
  EXPECT_EQ(counters.accepted, SumOf(counters));
}

TEST_P(ServerTest, AnIdleConnectionTimesOut) {
  options_.idle_timeout = absl::Seconds(30);
  absl::Status handled;
  Serve([&](Conn& conn) { handled = EchoUntilBye(conn); });
  auto conn = Dial();
  ExpectEcho(*conn, "hello");
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(29));
  ExpectEcho(*conn, "still here");
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(29));
  EXPECT_EQ(server().Counters().active, 1u);
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*ReadAll(*conn), "");
  EXPECT_TRUE(IsTimeout(handled)) << handled;
  server().Shutdown(absl::InfinitePast());
}

TEST_P(ServerTest, ARequestThatNeverEndsTimesOut) {
  options_.request_timeout = absl::Seconds(10);
  absl::Status handled;
  Serve([&](Conn& conn) {
    char request[4];
    do {
      handled = ReadFull(conn, absl::MakeSpan(request));
      if (handled.ok()) handled = conn.Write("done");
    } while (handled.ok());
  });
  auto conn = Dial();
  char done[4];
  EXPECT_EQ(conn->Write("work"), absl::OkStatus());
  EXPECT_EQ(ReadFull(*conn, absl::MakeSpan(done)), absl::OkStatus());
  // Between two requests nothing runs out.
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(conn->Write("wo"), absl::OkStatus());
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(*ReadAll(*conn), "");
  EXPECT_TRUE(IsTimeout(handled)) << handled;
  server().Shutdown(absl::InfinitePast());
}

INSTANTIATE_TEST_SUITE_P(, ServerTest, ::testing::ValuesIn(kEverywhere),
                         [](const auto& where) { return Name(where.param); });

TEST(ServerDeathTest, OnFibersOfAPlainThreadEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(OnFibers(), "plumb::OnFibers: there is no Runtime");
}

}  // namespace
}  // namespace plumb
