#include "transport/server/server.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/forwarding.h"
#include "transport/io.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"
#include "transport/server/on_fibers.h"
#include "transport/server/serving_for_test.h"

namespace plumb {
namespace {

// A fake network whose time stands still, a server on it, and what it runs on.
class ServerTest : public ::testing::TestWithParam<Where> {
 protected:
  ServerTest() : background_(GetParam()) {
    auto listener = network_.Host("server")->Listen("tcp", ":80");
    EXPECT_EQ(listener.status(), absl::OkStatus());
    listener_ = *std::move(listener);
    options_.concurrency = background_.concurrency();
    options_.clock = &clock_;
  }

  void TearDown() override { server_.reset(); }

  static FakeNetworkOptions WithClock(Clock& clock) {
    FakeNetworkOptions options;
    options.clock = &clock;
    return options;
  }

  std::unique_ptr<Conn> Dial() {
    auto conn = network_.Host("client")->Dial("tcp", "server:80");
    EXPECT_EQ(conn.status(), absl::OkStatus());
    return *std::move(conn);
  }

  Server& server() {
    if (!server_.has_value()) server_.emplace(options_);
    return *server_;
  }

  // In the background; the result is in served_.
  void Serve(std::function<void(Conn&)> handler) {
    background_.Go([this, &server = server(), handler = std::move(handler)] {
      const CancelScope scope(stop_);
      served_ = server.Serve(*listener_, handler);
    });
  }
  void ServeEcho() {
    Serve([](Conn& conn) { EchoUntilBye(conn).IgnoreError(); });
  }

  ManualClock clock_;
  FakeNetwork network_{WithClock(clock_)};
  std::unique_ptr<Listener> listener_;
  CancelSource stop_;
  ServerOptions options_;
  std::optional<Server> server_;
  absl::Status served_ = absl::UnknownError("not returned");
  // Last: what it runs uses the others.
  Background background_;
};

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

TEST_P(ServerTest, ShutdownLetsFinishUntilTheDeadlineAndCancelsTheRest) {
  ServeEcho();
  auto quick = Dial();
  auto slow = Dial();
  ExpectEcho(*quick, "hello");
  ExpectEcho(*slow, "hello");
  ShutdownReport report;
  background_.Go([&, &server = server()] {
    report = server.Shutdown(clock_.TimeNow() + absl::Seconds(10));
  });
  ASSERT_TRUE(WaitUntilClosed(*listener_));
  EXPECT_EQ(quick->Write("bye"), absl::OkStatus());
  ASSERT_TRUE(WaitUntil([&] { return server().Counters().finished == 1; },
                        "one has finished"));
  ExpectEcho(*slow, "still here");
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(10));
  background_.Join();
  EXPECT_EQ(report.finished, 1u);
  EXPECT_EQ(report.cancelled, 1u);
  EXPECT_EQ(report.stuck, 0u);
  EXPECT_EQ(served_, absl::OkStatus());
}

TEST_P(ServerTest, ShutdownReturnsAsSoonAsAllHaveFinished) {
  ServeEcho();
  auto conn = Dial();
  ExpectEcho(*conn, "hello");
  ShutdownReport report;
  background_.Go([&, &server = server()] {
    report = server.Shutdown(absl::InfiniteFuture());
  });
  ASSERT_TRUE(WaitUntilClosed(*listener_));
  EXPECT_EQ(conn->Write("bye"), absl::OkStatus());
  background_.Join();
  EXPECT_EQ(report.finished, 1u);
  EXPECT_EQ(report.cancelled, 0u);
}

TEST_P(ServerTest, AScopeAroundShutdownIsItsDeadline) {
  ServeEcho();
  auto conn = Dial();
  ExpectEcho(*conn, "hello");
  CancelSource hurry;
  ShutdownReport report;
  background_.Go([&, &server = server()] {
    const CancelScope scope(hurry);
    report = server.Shutdown(absl::InfiniteFuture());
  });
  ASSERT_TRUE(WaitUntilClosed(*listener_));
  hurry.Cancel();
  background_.Join();
  EXPECT_EQ(report.cancelled, 1u);
}

TEST_P(ServerTest, OfTwoShutdownsTheEarlierDeadlineCounts) {
  ServeEcho();
  auto conn = Dial();
  ExpectEcho(*conn, "hello");
  ShutdownReport patient;
  background_.Go([&, &server = server()] {
    patient = server.Shutdown(absl::InfiniteFuture());
  });
  ASSERT_TRUE(WaitUntilClosed(*listener_));
  EXPECT_EQ(server().Shutdown(absl::InfinitePast()).cancelled, 1u);
  background_.Join();
  EXPECT_EQ(patient.finished, 0u);
  EXPECT_EQ(patient.cancelled, 1u);
  const ShutdownReport again = server().Shutdown(absl::InfinitePast());
  EXPECT_EQ(again.finished + again.cancelled + again.stuck, 0u);
}

TEST_P(ServerTest, ServeAfterShutdownClosesTheListener) {
  server().Shutdown(absl::InfinitePast());
  ServeEcho();
  background_.Join();
  EXPECT_EQ(served_, absl::OkStatus());
  EXPECT_TRUE(IsClosed(listener_->Close()));
  EXPECT_EQ(server().Counters().accepted, 0u);
}

TEST_P(ServerTest, AHandlerThatIgnoresItsCancelIsToldAsStuck) {
  Event release;
  Serve([&](Conn& conn) {
    EXPECT_EQ(conn.Write("x"), absl::OkStatus());
    const ShieldScope shield;
    EXPECT_EQ(release.Wait(), absl::OkStatus());
  });
  auto conn = Dial();
  char x;
  EXPECT_EQ(*conn->Read(absl::MakeSpan(&x, 1)), 1u);
  ShutdownReport report;
  background_.Go([&, &server = server()] {
    report = server.Shutdown(absl::InfinitePast());
    release.Notify();
  });
  clock_.AwaitAlarms(1);
  EXPECT_EQ(options_.stuck_after, absl::Seconds(1));
  clock_.Advance(options_.stuck_after);
  background_.Join();
  EXPECT_EQ(report.finished, 0u);
  EXPECT_EQ(report.cancelled, 1u);
  EXPECT_EQ(report.stuck, 1u);
  EXPECT_EQ(served_, absl::OkStatus());
  EXPECT_EQ(server().Counters().cancelled, 1u);
}

TEST_P(ServerTest, TheDestructorEndsHandlersAndServes) {
  ServeEcho();
  auto conn = Dial();
  ExpectEcho(*conn, "hello");
  server_.reset();
  background_.Join();
  EXPECT_EQ(served_, absl::OkStatus());
  EXPECT_EQ(*ReadAll(*conn), "");
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

// Tells when it has accepted.
class TellingListener final : public ForwardingListener {
 public:
  explicit TellingListener(std::unique_ptr<Listener> inner)
      : ForwardingListener(std::move(inner)) {}
  ~TellingListener() override { Close().IgnoreError(); }

  Event accepted;

 private:
  absl::StatusOr<std::unique_ptr<Conn>> DoAccept() override {
    absl::StatusOr<std::unique_ptr<Conn>> conn = inner().Accept();
    if (conn.ok()) accepted.Notify();
    return conn;
  }
};

TEST_P(ServerTest, ShutdownRejectsWhoWaitsForAPlace) {
  FakeHost& host = *network_.Host("server");
  auto listener = host.Listen("tcp", ":81");
  ASSERT_EQ(listener.status(), absl::OkStatus());
  TellingListener other(*std::move(listener));
  options_.max_connections = 1;
  const auto handler = [](Conn& conn) { EchoUntilBye(conn).IgnoreError(); };
  ServeEcho();
  background_.Go([&, &server = server()] {
    EXPECT_EQ(server.Serve(other, handler), absl::OkStatus());
  });
  ASSERT_TRUE(WaitUntilBlocked(*listener_, 1));
  ASSERT_TRUE(WaitUntilBlocked(other, 1));
  auto one = Dial();
  ExpectEcho(*one, "hello");
  auto two = host.Dial("tcp", ":81");
  EXPECT_EQ(other.accepted.Wait(), absl::OkStatus());
  background_.Go(
      [&, &server = server()] { server.Shutdown(absl::InfiniteFuture()); });
  ASSERT_TRUE(WaitUntil([&] { return server().Counters().rejected == 1; },
                        "the second is rejected"));
  EXPECT_EQ(*ReadAll(**two), "");
  EXPECT_EQ(one->Write("bye"), absl::OkStatus());
  background_.Join();
  EXPECT_EQ(server().Counters().accepted, 2u);
  EXPECT_EQ(server().Counters().finished, 1u);
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
