#include "examples/health_check/health_checker.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/threads_for_test.h"
#include "transport/buffered_reader.h"
#include "transport/error.h"
#include "transport/manual_clock.h"
#include "transport/registry_for_test.h"

namespace examples {
namespace {

TEST(HealthCheckerOnAFakeNetworkTest, FindsAServerThatIsWell) {
  plumb::FakeNetwork network;
  plumb::Registry registry = plumb::RegistryForTest();
  ASSERT_EQ(network.Host("monitor")->RegisterAll(registry), absl::OkStatus());
  auto listener = network.Host("db")->Listen("tcp", "db:5432");
  ASSERT_EQ(listener.status(), absl::OkStatus());
  std::thread db([&] {
    auto conn = (*listener)->Accept();
    EXPECT_EQ((*conn)->Write("pong\n"), absl::OkStatus());
  });

  EXPECT_EQ(HealthChecker(registry).Check({"tcp", "db:5432"}).detail, "pong");
  db.join();
}

TEST(HealthCheckerOnAFakeNetworkTest, SaysWhereThereIsNoThread) {
  plumb::FakeNetwork network;
  plumb::FailThreadsAfter(0, 1);
  const std::vector<Health> healths =
      HealthChecker(*network.Host("monitor"))
          .CheckAll({{"tcp", "a:1"}, {"tcp", "b:2"}});
  EXPECT_EQ(healths[0].target.address, "a:1");
  EXPECT_EQ(healths[0].state, State::kFailed);
  EXPECT_EQ(healths[0].detail,
            "start thread: Resource temporarily unavailable");
  EXPECT_EQ(healths[1].detail, "dial tcp: lookup b: no such host");
}

// The rest on a clock that stands still.
class HealthCheckerTest : public ::testing::Test {
 protected:
  HealthCheckerTest()
      : network_(Options()), registry_(plumb::RegistryForTest()) {
    EXPECT_EQ(network_.Host("monitor")->RegisterAll(registry_),
              absl::OkStatus());
  }

  void Listen() {
    auto listener = network_.Host("db")->Listen("tcp", "db:5432");
    ASSERT_EQ(listener.status(), absl::OkStatus());
    listener_ = *std::move(listener);
  }

  // Checks db:5432 while `server`, called with the connection, plays it.
  template <typename Server>
  Health CheckAgainst(Server server) {
    Listen();
    Health health;
    std::thread checker([&] { health = Check(); });
    const std::unique_ptr<plumb::Conn> conn = *listener_->Accept();
    EXPECT_EQ(*plumb::BufferedReader(*conn).ReadLine(), "ping");
    server(*conn);
    checker.join();
    return health;
  }

  Health Check() {
    return HealthChecker(registry_, clock_).Check({"tcp", "db:5432"});
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

TEST_F(HealthCheckerTest, Healthy) {
  const Health health = CheckAgainst([](plumb::Conn& conn) {
    EXPECT_EQ(conn.Write("pong\n"), absl::OkStatus());
  });
  EXPECT_EQ(health.state, State::kHealthy);
  EXPECT_EQ(health.detail, "pong");
  EXPECT_EQ(health.took, absl::ZeroDuration());
  EXPECT_TRUE(health.answered());
}

TEST_F(HealthCheckerTest, Slow) {
  const Health health = CheckAgainst([this](plumb::Conn& conn) {
    EXPECT_EQ(conn.Write("po"), absl::OkStatus());
    clock_.Advance(absl::Milliseconds(1500));
    EXPECT_EQ(conn.Write("ng\n"), absl::OkStatus());
  });
  EXPECT_EQ(health.state, State::kSlow);
  EXPECT_EQ(health.detail, "pong");
  EXPECT_EQ(health.took, absl::Milliseconds(1500));
  EXPECT_TRUE(health.answered());
}

TEST_F(HealthCheckerTest, HangingAfterThePing) {
  const Health health = CheckAgainst([this](plumb::Conn&) {
    clock_.AwaitAlarms(1);
    clock_.Advance(absl::Seconds(2));
  });
  EXPECT_EQ(health.state, State::kHanging);
  EXPECT_EQ(health.took, absl::Seconds(2));
  EXPECT_FALSE(health.answered());
}

TEST_F(HealthCheckerTest, HangingWithoutAccepting) {
  Listen();
  Health health;
  std::thread checker([&] { health = Check(); });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(2));
  checker.join();
  EXPECT_EQ(health.state, State::kHanging);
}

TEST_F(HealthCheckerTest, HalfClosed) {
  const Health health = CheckAgainst([](plumb::Conn& conn) {
    EXPECT_EQ(conn.CloseWrite(), absl::OkStatus());
  });
  EXPECT_EQ(health.state, State::kClosed);
  EXPECT_EQ(health.detail, "EOF");
}

TEST_F(HealthCheckerTest, HalfClosedInTheMiddleOfALine) {
  const Health health = CheckAgainst([](plumb::Conn& conn) {
    EXPECT_EQ(conn.Write("po"), absl::OkStatus());
    EXPECT_EQ(conn.CloseWrite(), absl::OkStatus());
  });
  EXPECT_EQ(health.state, State::kClosed);
  EXPECT_EQ(health.detail, "unexpected EOF");
}

TEST_F(HealthCheckerTest, Refused) {
  network_.Host("db");
  const Health health = Check();
  EXPECT_EQ(health.state, State::kRefused);
  EXPECT_NE(health.detail.find("connect: connection refused"),
            std::string::npos)
      << health.detail;
}

TEST_F(HealthCheckerTest, UnknownNetwork) {
  const Health health =
      HealthChecker(registry_, clock_).Check({"carrier-pigeon", "db:5432"});
  EXPECT_EQ(health.state, State::kFailed);
  EXPECT_EQ(health.detail,
            "dial carrier-pigeon: unknown network carrier-pigeon");
}

TEST_F(HealthCheckerTest, ManyAtTheSameTimeInTheirOrder) {
  Listen();
  std::vector<Health> healths;
  std::thread checker([&] {
    healths = HealthChecker(registry_, clock_)
                  .CheckAll({{"tcp", "db:5432"},
                             {"tcp", "db:1"},
                             {"unix", "/no/such.sock"}});
  });
  const std::unique_ptr<plumb::Conn> conn = *listener_->Accept();
  EXPECT_EQ(conn->Write("pong\n"), absl::OkStatus());
  checker.join();
  ASSERT_EQ(healths.size(), 3u);
  EXPECT_EQ(healths[0].state, State::kHealthy);
  EXPECT_EQ(healths[1].state, State::kRefused);
  EXPECT_EQ(healths[2].state, State::kFailed);
}

TEST(HealthTableTest, HasALineForEach) {
  Health health;
  health.target = {"tcp", "db:5432"};
  health.state = State::kSlow;
  health.took = absl::Milliseconds(1500);
  health.detail = "pong";
  EXPECT_EQ(HealthTable({health}),
            "network  address                  state         took  detail\n"
            "tcp      db:5432                  slow       1500 ms  pong\n");
}

}  // namespace
}  // namespace examples
