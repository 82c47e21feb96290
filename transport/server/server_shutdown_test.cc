// What Shutdown and the destructor of a Server end, wait for and tell.
#include <memory>
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
#include "transport/scope.h"
#include "transport/server/server.h"
#include "transport/server/server_fixture_for_test.h"
#include "transport/server/serving_for_test.h"

namespace plumb {
namespace {

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

INSTANTIATE_TEST_SUITE_P(, ServerTest, ::testing::ValuesIn(kEverywhere),
                         [](const auto& where) { return Name(where.param); });

}  // namespace
}  // namespace plumb
