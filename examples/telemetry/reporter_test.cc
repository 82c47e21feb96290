#include "examples/telemetry/reporter.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "examples/telemetry/collector.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/manual_clock.h"
#include "transport/registry_for_test.h"

namespace examples {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(10);

class ReporterTest : public ::testing::Test {
 protected:
  ReporterTest() : network_(Options()), registry_(plumb::RegistryForTest()) {
    EXPECT_EQ(network_.Host("web-1")->RegisterAll(registry_), absl::OkStatus());
  }

  void Listen() {
    auto listener = network_.Host("stats")->Listen("tcp", "stats:4000");
    ASSERT_EQ(listener.status(), absl::OkStatus());
    listener_ = *std::move(listener);
  }

  std::unique_ptr<plumb::Conn> Accept() { return *listener_->Accept(); }

  ReporterOptions ToStats() const {
    ReporterOptions options;
    options.source = "web-1";
    options.address = "stats:4000";
    options.interval = kInterval;
    return options;
  }

  // Lets the reporter, which sleeps or soon will, try its next report.
  void NextInterval() {
    clock_.AwaitAlarms(1);
    clock_.Advance(kInterval);
  }

  plumb::FakeNetworkOptions Options() {
    plumb::FakeNetworkOptions options;
    options.clock = &clock_;
    return options;
  }

  plumb::ManualClock clock_;
  plumb::FakeNetwork network_;
  plumb::Registry registry_;
  std::unique_ptr<plumb::Listener> listener_;
};

TEST_F(ReporterTest, ReportsAtEveryIntervalOverOneConnection) {
  Listen();
  Reporter reporter(registry_, ToStats(), clock_);
  reporter.Set("requests", 1);
  NextInterval();
  const std::unique_ptr<plumb::Conn> conn = Accept();
  Collector collector;
  std::thread handler([&] { collector.Handle(*conn).IgnoreError(); });

  reporter.AwaitTries(1);
  EXPECT_EQ(reporter.status(), absl::OkStatus());
  EXPECT_EQ(collector.Latest().at("web-1").values().at("requests"), 1);

  reporter.Set("requests", 5);
  NextInterval();
  reporter.AwaitTries(2);
  EXPECT_EQ(reporter.status(), absl::OkStatus());
  EXPECT_EQ(collector.Latest().at("web-1").sequence(), 2u);
  EXPECT_EQ(collector.Latest().at("web-1").values().at("requests"), 5);
  EXPECT_EQ(conn->Close(), absl::OkStatus());
  handler.join();
}

TEST_F(ReporterTest, NobodyListens) {
  network_.Host("stats");
  Reporter reporter(registry_, ToStats(), clock_);
  NextInterval();
  reporter.AwaitTries(1);
  EXPECT_TRUE(plumb::IsRefused(reporter.status())) << reporter.status();
}

TEST_F(ReporterTest, DialsAgainAfterTheCollectorWentAway) {
  Listen();
  Reporter reporter(registry_, ToStats(), clock_);
  NextInterval();
  EXPECT_EQ(Accept()->Close(), absl::OkStatus());
  reporter.AwaitTries(1);
  EXPECT_NE(reporter.status(), absl::OkStatus());

  NextInterval();
  const std::unique_ptr<plumb::Conn> conn = Accept();
  Collector collector;
  std::thread handler([&] { collector.Handle(*conn).IgnoreError(); });
  reporter.AwaitTries(2);
  EXPECT_EQ(reporter.status(), absl::OkStatus());
  EXPECT_EQ(collector.Latest().at("web-1").sequence(), 1u);
  EXPECT_EQ(conn->Close(), absl::OkStatus());
  handler.join();
}

TEST_F(ReporterTest, ACollectorThatHangsTimesOut) {
  Listen();
  Reporter reporter(registry_, ToStats(), clock_);
  NextInterval();
  const std::unique_ptr<plumb::Conn> conn = Accept();
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(5));
  reporter.AwaitTries(1);
  EXPECT_EQ(reporter.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ReporterTest, AReportOverTheLimitIsNotSent) {
  Listen();
  ReporterOptions options = ToStats();
  options.message.max_bytes = 100;
  Reporter reporter(registry_, options, clock_);
  reporter.Set(std::string(100, 'x'), 1);
  NextInterval();
  reporter.AwaitTries(1);
  EXPECT_EQ(reporter.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ReporterTest, AnAnswerOverTheLimitIsRefused) {
  Listen();
  Reporter reporter(registry_, ToStats(), clock_);
  NextInterval();
  const std::unique_ptr<plumb::Conn> conn = Accept();
  ASSERT_EQ(conn->Write("HTTP/1.1 400 Bad Request\r\n"), absl::OkStatus());
  reporter.AwaitTries(1);
  EXPECT_EQ(reporter.status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ReporterTest, ItEndsWhileItIsBlocked) {
  Listen();
  auto reporter = std::make_unique<Reporter>(registry_, ToStats(), clock_);
  NextInterval();
  const std::unique_ptr<plumb::Conn> conn = Accept();
  reporter.reset();
}

}  // namespace
}  // namespace examples
