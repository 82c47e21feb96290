// A Server over every network.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/all.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "testing/no_descriptors_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/io.h"
#include "transport/manual_clock.h"
#include "transport/options.h"
#include "transport/scope.h"
#include "transport/server/server.h"
#include "transport/server/serving_for_test.h"
#include "transport/transport.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

struct Network {
  const char* name;
  bool fake;
};

constexpr Network kNetworks[] = {
    {"tcp", false}, {"udp", false}, {"unix", false}, {"unixpacket", false},
    {"tcp", true},  {"udp", true},  {"unix", true},  {"unixpacket", true},
};

class ServerNetworkTest
    : public ::testing::TestWithParam<std::tuple<Where, Network>> {
 protected:
  ServerNetworkTest() : background_(std::get<0>(GetParam())) {
    options_.concurrency = background_.concurrency();
  }
  void TearDown() override { server_.reset(); }

  std::string network() const { return std::get<1>(GetParam()).name; }
  bool udp() const { return network() == "udp"; }
  Transport& transport() {
    if (!std::get<1>(GetParam()).fake) return DefaultRegistry();
    return *fake_.Host("localhost");
  }

  void Listen(const ListenOptions& options = ListenOptions()) {
    const bool unix = absl::StartsWith(network(), "unix");
    // Of unix sockets the system chooses a name.
    auto listener =
        transport().Listen(network(), unix ? "" : "127.0.0.1:0", options);
    ASSERT_EQ(listener.status(), absl::OkStatus());
    listener_ = *std::move(listener);
    server_.emplace(options_);
    background_.Go([this] {
      const CancelScope scope(stop_);
      served_ = server_->Serve(*listener_, [this](Conn& conn) {
        absl::Status status = handler_(conn);
        absl::MutexLock lock(&mutex_);
        handled_ = std::move(status);
      });
    });
  }
  // How the last handler ended.
  absl::Status handled() {
    absl::MutexLock lock(&mutex_);
    return handled_;
  }
  std::unique_ptr<Conn> Dial() {
    auto conn = transport().Dial(network(), listener_->Address().ToString());
    EXPECT_EQ(conn.status(), absl::OkStatus());
    return *std::move(conn);
  }

  FakeNetwork fake_;
  ManualClock clock_;  // the Server's when the test says so
  ServerOptions options_;
  std::function<absl::Status(Conn&)> handler_ = EchoUntilBye;
  std::unique_ptr<Listener> listener_;
  std::optional<Server> server_;
  CancelSource stop_;
  absl::Status served_ = absl::UnknownError("not returned");
  absl::Mutex mutex_;
  absl::Status handled_ ABSL_GUARDED_BY(mutex_);
  Background background_;
};

TEST_P(ServerNetworkTest, HandlersRunAtTheSameTimeUntilShutdown) {
  ASSERT_NO_FATAL_FAILURE(Listen());
  std::vector<std::unique_ptr<Conn>> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(Dial());
  for (const auto& client : clients) ExpectEcho(*client, "hello");
  EXPECT_EQ(server_->Counters().active, 3u);
  for (const auto& client : clients) ExpectEcho(*client, "still here");

  const ShutdownReport report = server_->Shutdown(absl::InfinitePast());
  background_.Join();
  EXPECT_EQ(report.finished, 0u);
  EXPECT_EQ(report.cancelled, 3u);
  EXPECT_EQ(report.stuck, 0u);
  EXPECT_EQ(served_, absl::OkStatus());
  EXPECT_TRUE(IsClosed(listener_->Close()));
  const ServerCounters counters = server_->Counters();
  EXPECT_EQ(counters.accepted, 3u);
  EXPECT_EQ(counters.cancelled, 3u);
  EXPECT_EQ(counters.active, 0u);
  EXPECT_EQ(counters.peak, 3u);
}

TEST_P(ServerNetworkTest, CloseOfTheListenerLetsHandlersFinish) {
  ASSERT_NO_FATAL_FAILURE(Listen());
  auto client = Dial();
  ExpectEcho(*client, "hello");
  EXPECT_EQ(listener_->Close(), absl::OkStatus());
  ExpectEcho(*client, "still here");
  EXPECT_EQ(client->Write("bye"), absl::OkStatus());
  background_.Join();
  EXPECT_TRUE(IsClosed(served_)) << served_;
  EXPECT_EQ(handled(), absl::OkStatus());
  EXPECT_EQ(server_->Counters().finished, 1u);
}

TEST_P(ServerNetworkTest, AScopeEndsServeAndItsHandlers) {
  ASSERT_NO_FATAL_FAILURE(Listen());
  auto client = Dial();
  ExpectEcho(*client, "hello");
  stop_.Cancel();
  background_.Join();
  EXPECT_TRUE(IsCancelledCall(served_)) << served_;
  EXPECT_TRUE(IsCancelledCall(handled())) << handled();
  EXPECT_EQ(server_->Counters().cancelled, 1u);
}

TEST_P(ServerNetworkTest, TheRestWaitsUntilThereIsAPlace) {
  options_.max_connections = 1;
  ASSERT_NO_FATAL_FAILURE(Listen());
  auto first = Dial();
  ExpectEcho(*first, "hello");
  auto second = Dial();
  EXPECT_EQ(second->Write("hello"), absl::OkStatus());
  ExpectEcho(*first, "still here");
  EXPECT_EQ(server_->Counters().accepted, 1u);
  EXPECT_EQ(first->Write("bye"), absl::OkStatus());
  char echo[5];
  EXPECT_EQ(ReadFull(*second, absl::MakeSpan(echo)), absl::OkStatus());
  EXPECT_EQ(server_->Counters().peak, 1u);
  EXPECT_EQ(server_->Shutdown(absl::InfinitePast()).cancelled, 1u);
}

TEST_P(ServerNetworkTest, ConnectionsThatAreTimedWorkAsTheOthers) {
  options_.idle_timeout = absl::Hours(1);
  options_.request_timeout = absl::Hours(1);
  ASSERT_NO_FATAL_FAILURE(Listen());
  auto client = Dial();
  ExpectEcho(*client, "hello");
  ExpectEcho(*client, "still here");
  EXPECT_EQ(client->Write("bye"), absl::OkStatus());
  ASSERT_TRUE(WaitUntil([&] { return server_->Counters().finished == 1; },
                        "the handler has finished"));
}

TEST_P(ServerNetworkTest, ARequestThatNeverEndsTimesOut) {
  options_.clock = &clock_;
  options_.request_timeout = absl::Seconds(10);
  handler_ = [](Conn& conn) {
    char some[64];
    absl::Status status;
    while (status.ok()) status = conn.Read(absl::MakeSpan(some)).status();
    return status;
  };
  ASSERT_NO_FATAL_FAILURE(Listen());
  auto client = Dial();
  EXPECT_EQ(client->Write("and then"), absl::OkStatus());
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(10));
  ASSERT_TRUE(WaitUntil([&] { return server_->Counters().finished == 1; },
                        "the handler has finished"));
  EXPECT_TRUE(IsTimeout(handled())) << handled();
}

INSTANTIATE_TEST_SUITE_P(, ServerNetworkTest,
                         ::testing::Combine(::testing::ValuesIn(kEverywhere),
                                            ::testing::ValuesIn(kNetworks)),
                         [](const auto& param) {
                           const Network& network = std::get<1>(param.param);
                           return absl::StrCat(Name(std::get<0>(param.param)),
                                               "_", network.fake ? "fake_" : "",
                                               network.name);
                         });

// Over udp who finds neither a place nor room in the backlog is dropped.
class ServerUdpTest : public ServerNetworkTest {};

TEST_P(ServerUdpTest, NewcomersBeyondTheBacklogAreDroppedAndCounted) {
  options_.max_connections = 1;
  ListenOptions limits;
  limits.backlog = 1;
  ASSERT_NO_FATAL_FAILURE(Listen(limits));
  auto first = Dial();
  ExpectEcho(*first, "hello");
  auto second = Dial();
  EXPECT_EQ(second->Write("hello"), absl::OkStatus());
  auto third = Dial();
  EXPECT_EQ(third->Write("hello"), absl::OkStatus());
  auto* const stats = Extension<UdpListenerStats>(*listener_);
  ASSERT_NE(stats, nullptr);
  ASSERT_TRUE(
      WaitUntil([&] { return stats->Counters().dropped_newcomers == 1; },
                "the third is dropped"));
  EXPECT_EQ(first->Write("bye"), absl::OkStatus());
  char echo[5];
  EXPECT_EQ(ReadFull(*second, absl::MakeSpan(echo)), absl::OkStatus());
  EXPECT_EQ(server_->Counters().accepted, 2u);
}

INSTANTIATE_TEST_SUITE_P(, ServerUdpTest,
                         ::testing::Combine(::testing::ValuesIn(kEverywhere),
                                            ::testing::Values(kNetworks[1],
                                                              kNetworks[5])),
                         [](const auto& param) {
                           return absl::StrCat(
                               Name(std::get<0>(param.param)), "_",
                               std::get<1>(param.param).fake ? "fake" : "real");
                         });

class ServerDescriptorsTest : public ServerNetworkTest {};

TEST_P(ServerDescriptorsTest, OutOfDescriptorsItPausesAndGoesOn) {
  options_.clock = &clock_;
  options_.max_connections = 1;
  ASSERT_NO_FATAL_FAILURE(Listen());
  auto first = Dial();
  ExpectEcho(*first, "hello");
  // It waits in the backlog, since there is no place for it.
  auto second = Dial();
  EXPECT_EQ(second->Write("hello"), absl::OkStatus());
  // UBSan needs a descriptor to look at a type for the first time.
  AlarmClock* const alarms = clock_.alarms();
  EXPECT_TRUE(alarms->Cancel(alarms->CallAt(kNever, [] {})));
  {
    const NoDescriptors none;
    EXPECT_EQ(first->Write("bye"), absl::OkStatus());
    for (int i = 1; i <= 3; ++i) {
      clock_.AwaitAlarms(1);
      EXPECT_EQ(server_->Counters().accept_errors, i);
      if (i < 3) clock_.AdvanceToNextAlarm();
    }
  }
  clock_.AdvanceToNextAlarm();
  char echo[5];
  EXPECT_EQ(ReadFull(*second, absl::MakeSpan(echo)), absl::OkStatus());
  EXPECT_EQ(server_->Counters().accept_errors, 3u);
  server_->Shutdown(absl::InfinitePast());
  background_.Join();
}

INSTANTIATE_TEST_SUITE_P(, ServerDescriptorsTest,
                         ::testing::Combine(::testing::ValuesIn(kEverywhere),
                                            ::testing::Values(kNetworks[0],
                                                              kNetworks[2],
                                                              kNetworks[3])),
                         [](const auto& param) {
                           return absl::StrCat(Name(std::get<0>(param.param)),
                                               "_",
                                               std::get<1>(param.param).name);
                         });

}  // namespace
}  // namespace plumb
