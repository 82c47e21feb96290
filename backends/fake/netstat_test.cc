// What a host's table shows, and what a test asks without waiting.
#include "backends/fake/netstat.h"

#include <memory>
#include <string>
#include <vector>

#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/probes.h"
#include "gtest/gtest.h"
#include "transport/extension.h"

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
