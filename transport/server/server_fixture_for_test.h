// A fake network whose time stands still, a server on it, and what it runs on.
//
// Threads: Dial any, all else the one of the test.
#ifndef PLUMB_TRANSPORT_SERVER_SERVER_FIXTURE_FOR_TEST_H_
#define PLUMB_TRANSPORT_SERVER_SERVER_FIXTURE_FOR_TEST_H_

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "backends/fake/fake.h"
#include "gtest/gtest.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"
#include "transport/server/server.h"
#include "transport/server/serving_for_test.h"

namespace plumb {

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

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SERVER_SERVER_FIXTURE_FOR_TEST_H_
