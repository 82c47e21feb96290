// What a host's table shows, and what a test asks without waiting.
#include "backends/fake/netstat.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/probes.h"
#include "gtest/gtest.h"
#include "transport/extension.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

// Keeps everything under way.
class Holding final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    return packet.payload.empty() ? Judgement::Pass() : Judgement::Hold("test");
  }
};

TEST(NetstatTest, AHostShowsItsSockets) {
  FakeNetwork network;
  auto db = network.Host("db");
  auto web = network.Host("web");
  auto listener = Must(db->Listen("tcp", ":5432"));
  auto [client, server] = Connect(*web, *listener, "tcp", "db:5432");
  auto waiting = Must(web->Dial("tcp", "db:5432"));
  auto packets = Must(db->ListenPacket("udp4", "10.0.0.1:53"));
  auto asking = Must(db->Dial("udp4", "10.0.0.1:53"));
  ASSERT_TRUE(asking->Write("who?").ok());
  ASSERT_TRUE(client->Write("hello").ok());
  ASSERT_TRUE(client->CloseWrite().ok());
  EXPECT_EQ(
      FormatNetstat(db->Netstat()),
      "network    unread in flight local          remote         state\n"
      "tcp             5         0 10.0.0.1:5432  10.0.0.2:32768 CLOSE_WAIT\n"
      "tcp             0         0 10.0.0.1:5432  10.0.0.2:32769 ESTABLISHED\n"
      "tcp             1         0 [::]:5432                     LISTEN\n"
      "udp4            4         0 10.0.0.1:53                   \n"
      "udp4            0         0 10.0.0.1:32768 10.0.0.1:53    "
      "ESTABLISHED\n");
  EXPECT_EQ(web->Netstat().size(), 2u);
  EXPECT_EQ(web->Netstat()[0].state, "FIN_WAIT2");
}

// Lets packets go on by hand, from each host.
class Gate final : public LinkPolicy {
 public:
  void Hold(absl::string_view host) { held_.insert(std::string(host)); }
  void Pass(absl::string_view host) { held_.erase(std::string(host)); }

  Judgement AtSend(const Packet& packet, absl::Time) override {
    return IsHeld(packet) ? Judgement::Hold("test") : Judgement::Pass();
  }
  std::optional<Judgement> InFlight(const Packet& packet, absl::Time) override {
    if (IsHeld(packet)) return std::nullopt;
    return Judgement::Pass();
  }

 private:
  bool IsHeld(const Packet& packet) const {
    return held_.count(std::string(packet.source_host)) > 0;
  }

  std::set<std::string> held_;
};

class NetstatStatesTest : public testing::Test {
 protected:
  static FakeNetworkOptions With(std::shared_ptr<LinkPolicy> policy,
                                 Clock& clock) {
    FakeNetworkOptions options;
    options.policy = std::move(policy);
    options.clock = &clock;
    options.time_wait = absl::Seconds(60);
    return options;
  }
  // "web's states db's states", but for LISTEN.
  std::string States() {
    std::string states;
    for (const char* name : {"web", "db"}) {
      for (const NetstatRow& row : network_.Host(name)->Netstat()) {
        if (row.state != "LISTEN") absl::StrAppend(&states, row.state, " ");
      }
    }
    return states;
  }
  void Hold(absl::string_view host) { gate_->Hold(host); }
  void Pass(absl::string_view host) {
    gate_->Pass(host);
    network_.JudgeInFlight();
  }

  ManualClock clock_;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  FakeNetwork network_{With(gate_, clock_)};
  const std::shared_ptr<FakeHost> web_ = network_.Host("web");
  const std::unique_ptr<Listener> listener_ =
      Must(network_.Host("db")->Listen("tcp", ":80"));
};

TEST_F(NetstatStatesTest, OfAConnection) {
  Hold("web");
  std::unique_ptr<Conn> client;
  std::thread dialler([&] { client = Must(web_->Dial("tcp4", "db:80")); });
  clock_.AwaitAlarms(1);
  EXPECT_EQ(
      FormatNetstat(web_->Netstat()),
      "network    unread in flight local          remote      state\n"
      "tcp4            0         0 10.0.0.1:32768 10.0.0.2:80 SYN_SENT\n");
  EXPECT_EQ(States(), "SYN_SENT ");
  Hold("db");
  Pass("web");
  EXPECT_EQ(States(), "SYN_SENT SYN_RECV ");
  Pass("db");
  dialler.join();
  auto server = Must(listener_->Accept());
  EXPECT_EQ(States(), "ESTABLISHED ESTABLISHED ");

  Hold("web");
  ASSERT_TRUE(client->CloseWrite().ok());
  EXPECT_EQ(States(), "FIN_WAIT1 ESTABLISHED ");
  Pass("web");
  EXPECT_EQ(States(), "FIN_WAIT2 CLOSE_WAIT ");
  Hold("db");
  ASSERT_TRUE(server->CloseWrite().ok());
  EXPECT_EQ(States(), "FIN_WAIT2 LAST_ACK ");
  Pass("db");
  EXPECT_EQ(States(), "CLOSED CLOSED ");
  ASSERT_TRUE(client->Close().ok());
  EXPECT_EQ(States(), "TIME_WAIT CLOSED ");
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(States(), "TIME_WAIT ");
  clock_.Advance(absl::Seconds(60));
  EXPECT_EQ(States(), "");
}

// Copies SYNs, and keeps their answers.
class Copying final : public LinkPolicy {
 public:
  Judgement AtSend(const Packet& packet, absl::Time) override {
    if (packet.Has(Packet::kAck)) return Judgement::Hold("test");
    Judgement judgement;
    judgement.copies.resize(3000);
    return judgement;
  }
  std::optional<Judgement> InFlight(const Packet&, absl::Time) override {
    return Judgement::Pass();
  }
};

TEST(NetstatTest, WhoIsAskedManyTimesAnswersOnce) {
  ManualClock clock;
  FakeNetworkOptions options;
  options.clock = &clock;
  options.policy = std::make_shared<Copying>();
  FakeNetwork network(options);
  auto db = network.Host("db");
  auto listener = Must(db->Listen("tcp4", ":80"));
  std::unique_ptr<Conn> client;
  std::thread dialler(
      [&] { client = Must(network.Host("web")->Dial("tcp4", "db:80")); });
  // Meanwhile the copies arrive.
  size_t most = 0;
  while (clock.alarm_count() == 0) most = std::max(most, db->Netstat().size());
  // They have all arrived now.
  EXPECT_EQ(db->Netstat().size(), 2u);
  EXPECT_LE(most, 2u);
  network.JudgeInFlight();
  dialler.join();
}

TEST_F(NetstatStatesTest, OfAConnectionThatIsClosed) {
  auto [client, server] = Connect(*web_, *listener_, "tcp", "db:80");
  ASSERT_TRUE(client->Close().ok());
  EXPECT_EQ(States(), "FIN_WAIT2 CLOSE_WAIT ");
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(States(), "TIME_WAIT ");
}

TEST_F(NetstatStatesTest, OfAReset) {
  auto [client, server] = Connect(*web_, *listener_, "tcp", "db:80");
  ASSERT_TRUE(server->Write("x").ok());
  ASSERT_TRUE(client->Close().ok());
  EXPECT_EQ(States(), "RESET ");
}

TEST_F(NetstatStatesTest, WhenBothEndAtOnce) {
  auto [client, server] = Connect(*web_, *listener_, "tcp", "db:80");
  Hold("web");
  Hold("db");
  ASSERT_TRUE(client->CloseWrite().ok());
  ASSERT_TRUE(server->CloseWrite().ok());
  EXPECT_EQ(States(), "FIN_WAIT1 FIN_WAIT1 ");
  Pass("db");
  EXPECT_EQ(States(), "CLOSING FIN_WAIT2 ");
  Pass("web");
  EXPECT_EQ(States(), "CLOSED CLOSED ");
}

TEST_F(NetstatStatesTest, OfADialThatIsRefused) {
  Hold("web");
  std::thread dialler([&] {
    EXPECT_EQ(ErrorOf(web_->Dial("tcp", "10.0.0.2:81")),
              "dial tcp 10.0.0.2:81: connect: connection refused");
  });
  clock_.AwaitAlarms(1);
  EXPECT_EQ(States(), "SYN_SENT ");
  Pass("web");
  dialler.join();
  EXPECT_EQ(States(), "");
}

// It has no socket there as yet.
TEST(NetstatTest, WhoWaitsForRoomInABacklog) {
  for (const char* name : {"tcp4", "unix", "unixpacket"}) {
    SCOPED_TRACE(name);
    ManualClock clock;
    FakeNetworkOptions options;
    options.clock = &clock;
    FakeNetwork network(options);
    auto host = network.Host("h");
    const std::string at = name[0] == 't' ? "127.0.0.1:80" : "@s";
    ListenOptions one;
    one.backlog = 0;
    auto listener = Must(host->Listen(name, at, one));
    auto first = Must(host->Dial(name, at));
    std::unique_ptr<Conn> second;
    std::thread dialler([&] { second = Must(host->Dial(name, at)); });
    const auto count = [&](absl::string_view state) {
      const auto rows = host->Netstat();
      return absl::c_count_if(
          rows, [&](const NetstatRow& row) { return row.state == state; });
    };
    while (count("SYN_SENT") == 0) std::this_thread::yield();
    EXPECT_EQ(count("ESTABLISHED"), 2);
    // The place is the second one's there and then.
    auto accepted = Must(listener->Accept());
    EXPECT_EQ(count("SYN_SENT"), 0);
    EXPECT_EQ(count("ESTABLISHED"), 4);
    dialler.join();
  }
}

// Whether the dialling thread has gone on or not.
TEST(NetstatTest, WhoIsAcceptedIsConnected) {
  const auto passing = std::make_shared<Gate>();
  for (const char* name : {"tcp4", "unix", "unixpacket"}) {
    for (const bool on_wire : {false, true}) {
      SCOPED_TRACE(absl::StrCat(name, on_wire ? " on a Wire" : ""));
      FakeNetworkOptions options;
      if (on_wire) options.policy = passing;
      FakeNetwork network(options);
      auto host = network.Host("h");
      const std::string at = name[0] == 't' ? "127.0.0.1:80" : "@s";
      auto listener = Must(host->Listen(name, at));
      auto* const probe = Extension<ListenerProbe>(*listener);
      for (int i = 0; i < 300; ++i) {
        std::unique_ptr<Conn> client;
        std::thread dialler([&] { client = Must(host->Dial(name, at)); });
        while (!probe->CanAccept()) std::this_thread::yield();
        auto server = Must(listener->Accept());
        std::multiset<std::string> states;
        for (const NetstatRow& row : host->Netstat()) states.insert(row.state);
        dialler.join();
        ASSERT_EQ(states, (std::multiset<std::string>{"ESTABLISHED",
                                                      "ESTABLISHED", "LISTEN"}))
            << i;
      }
    }
  }
}

TEST(NetstatTest, WhatIsClosedIsNotShown) {
  FakeNetwork network;
  auto host = network.Host("h");
  auto listener = Must(host->Listen("unix", "@s"));
  auto packets = Must(host->Listen("unixpacket", "@p"));
  auto gram = Must(host->ListenPacket("unixgram", "@g"));
  auto udp = Must(host->Listen("udp4", ":53"));
  auto stream = Connect(*host, *listener, "unix", "@s");
  auto seqpacket = Connect(*host, *packets, "unixpacket", "@p");
  EXPECT_EQ(host->Netstat().size(), 8u);
  stream = {};
  seqpacket = {};
  EXPECT_EQ(host->Netstat().size(), 4u);
  ASSERT_TRUE(gram->Close().ok());
  ASSERT_TRUE(udp->Close().ok());
  ASSERT_TRUE(packets->Close().ok());
  ASSERT_TRUE(listener->Close().ok());
  EXPECT_EQ(FormatNetstat(host->Netstat()),
            "network    unread in flight local  remote state\n");
}

TEST(ProbesTest, AskWithoutWaiting) {
  FakeNetwork network;
  auto host = network.Host("h");
  for (const char* name : {"tcp4", "unix", "unixpacket"}) {
    SCOPED_TRACE(name);
    const bool ip = std::string(name) == "tcp4";
    auto listener = Must(host->Listen(name, ip ? "127.0.0.1:80" : "@probe"));
    auto* accepts = Extension<ListenerProbe>(*listener);
    ASSERT_NE(accepts, nullptr);
    EXPECT_FALSE(accepts->CanAccept());
    auto client = Must(host->Dial(name, ip ? "127.0.0.1:80" : "@probe"));
    EXPECT_TRUE(accepts->CanAccept());
    EXPECT_EQ(accepts->PendingConnects(), 1u);
    auto server = Must(listener->Accept());
    EXPECT_EQ(accepts->PendingConnects(), 0u);
    auto* probe = Extension<ConnProbe>(*server);
    ASSERT_NE(probe, nullptr);
    EXPECT_FALSE(probe->CanRead());
    EXPECT_FALSE(probe->IsClosedByPeer());
    ASSERT_TRUE(client->Write("x").ok());
    EXPECT_TRUE(probe->CanRead());
    ASSERT_TRUE(client->Close().ok());
    EXPECT_TRUE(probe->IsClosedByPeer());
    EXPECT_EQ(ReadSome(*server), "x");
    EXPECT_TRUE(probe->CanRead());
    EXPECT_EQ(ReadSome(*server), "EOF");
  }
}

TEST(ProbesTest, OfDatagrams) {
  FakeNetwork network;
  auto host = network.Host("h");
  auto listener = Must(host->Listen("udp4", "127.0.0.1:53"));
  auto* accepts = Extension<ListenerProbe>(*listener);
  auto client = Must(host->Dial("udp4", "127.0.0.1:53"));
  EXPECT_FALSE(accepts->CanAccept());
  ASSERT_TRUE(client->Write("x").ok());
  EXPECT_TRUE(accepts->CanAccept());
  EXPECT_EQ(accepts->PendingConnects(), 1u);
  auto server = Must(listener->Accept());
  EXPECT_TRUE(Extension<ConnProbe>(*server)->CanRead());
  EXPECT_EQ(ReadSome(*server), "x");
  EXPECT_FALSE(Extension<ConnProbe>(*server)->CanRead());
  EXPECT_FALSE(Extension<ConnProbe>(*client)->CanRead());
  ASSERT_TRUE(server->Write("y").ok());
  EXPECT_TRUE(Extension<ConnProbe>(*client)->CanRead());
  EXPECT_FALSE(Extension<ConnProbe>(*client)->IsClosedByPeer());
}

TEST(ProbesTest, BytesAreInFlightUntilTheyLand) {
  FakeNetworkOptions options;
  options.policy = std::make_shared<Holding>();
  FakeNetwork network(options);
  auto listener = Must(network.Host("db")->Listen("tcp4", ":80"));
  auto [client, server] =
      Connect(*network.Host("web"), *listener, "tcp4", "db:80");
  ASSERT_TRUE(client->Write("hello").ok());
  EXPECT_EQ(Extension<ConnProbe>(*client)->BytesInFlight(), 5u);
  EXPECT_FALSE(Extension<ConnProbe>(*server)->CanRead());
  EXPECT_EQ(network.Host("web")->Netstat()[0].in_flight, 5u);
}

}  // namespace
}  // namespace plumb
