#include "examples/echo_load.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "examples/echo_handler.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/fiber/runtime.h"
#include "transport/io.h"
#include "transport/server/server.h"

namespace examples {
namespace {

EchoLoad SmallLoad() {
  EchoLoad load;
  load.network = "tcp";
  load.address = "server:7";
  load.clients = 3;
  load.messages = 10;
  load.size = 100;
  return load;
}

// The report on `network`.
EchoReport RunOn(plumb::FakeNetwork& network) {
  EchoReport report;
  std::atomic<uint64_t> done{0};
  plumb::RunMain([&] {
    report = RunEchoLoad(*network.Host("client"), SmallLoad(), done);
    return 0;
  });
  EXPECT_EQ(report.messages, done.load());
  return report;
}

// The report on a server whose connections `handler` serves. The first client
// that fails ends the others, and whatever the handler does for them.
EchoReport RunAgainst(const std::function<void(plumb::Conn&)>& handler) {
  plumb::FakeNetwork network;
  auto listener = network.Host("server")->Listen("tcp", "server:7");
  EXPECT_EQ(listener.status(), absl::OkStatus());
  plumb::Server server;
  std::thread serving(
      [&] { EXPECT_EQ(server.Serve(**listener, handler), absl::OkStatus()); });
  const EchoReport report = RunOn(network);
  server.Shutdown(absl::InfinitePast());
  serving.join();
  return report;
}

TEST(RunEchoLoadTest, CountsWhatCameBack) {
  const EchoReport report =
      RunAgainst([](plumb::Conn& conn) { Echo(conn).IgnoreError(); });
  EXPECT_EQ(report.status, absl::OkStatus());
  EXPECT_EQ(report.messages, 30u);
  EXPECT_EQ(report.bytes, 3000u);
  EXPECT_GT(report.p50, absl::ZeroDuration());
  EXPECT_LE(report.p50, report.p99);
  EXPECT_LE(report.p99, report.elapsed);
  EXPECT_GT(report.MessagesPerSecond(), 0);
}

TEST(RunEchoLoadTest, NoticesOtherBytes) {
  const EchoReport report = RunAgainst([](plumb::Conn& conn) {
    conn.Write(std::string(100, '?')).IgnoreError();
    Echo(conn).IgnoreError();
  });
  EXPECT_EQ(report.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(
      absl::EndsWith(report.status.message(), ":7 sent back other bytes"))
      << report.status;
  EXPECT_EQ(report.messages, 0u);
}

TEST(RunEchoLoadTest, NoticesAnEndInTheMiddle) {
  const EchoReport report = RunAgainst([](plumb::Conn& conn) {
    std::string message(100, '\0');
    plumb::ReadFull(conn, absl::MakeSpan(&message[0], 100)).IgnoreError();
    conn.Write(message.substr(0, 50)).IgnoreError();
  });
  EXPECT_EQ(report.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(report.status.message(), "unexpected EOF");
}

TEST(RunEchoLoadTest, NobodyListens) {
  plumb::FakeNetwork network;
  network.Host("server");
  const EchoReport report = RunOn(network);
  EXPECT_TRUE(plumb::IsRefused(report.status)) << report.status;
  EXPECT_EQ(report.MessagesPerSecond(), 0);
}

TEST(CheckLoadTest, NamesTheFlag) {
  EXPECT_EQ(CheckLoad(SmallLoad()), absl::OkStatus());
  EchoLoad load = SmallLoad();
  load.clients = 0;
  EXPECT_EQ(CheckLoad(load), absl::InvalidArgumentError(
                                 "--clients=0 is not between 1 and 10000"));
  load = SmallLoad();
  load.size = 65537;
  EXPECT_EQ(CheckLoad(load), absl::InvalidArgumentError(
                                 "--size=65537 is not between 1 and 65536"));
  load.network = "udp4";
  load.size = 65536;
  EXPECT_EQ(CheckLoad(load), absl::InvalidArgumentError(
                                 "--size=65536 is not between 1 and 65507"));
  load = SmallLoad();
  load.messages = -1;
  EXPECT_EQ(CheckLoad(load),
            absl::InvalidArgumentError(
                "--messages=-1 is not between 1 and 100000000"));
}

}  // namespace
}  // namespace examples
