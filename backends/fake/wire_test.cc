// What an observer sees of what hosts say to each other.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/link_policy.h"
#include "backends/fake/packet.h"
#include "backends/fake/wire_test_util.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/options.h"

namespace plumb {
namespace {

TEST_F(WireTest, AConnectionIsPacketsFromSynToFin) {
  auto listener = Must(db_->Listen("tcp4", ":80"));
  auto [client, server] = Connect(*web_, *listener, "tcp4", "db:80");
  EXPECT_EQ(recorder_->Take(), "web>db S ok\ndb>web S. ok\nweb>db . ok");
  ASSERT_TRUE(client->Write("ping").ok());
  EXPECT_EQ(ReadSome(*server), "ping");
  EXPECT_EQ(recorder_->Take(), "web>db P. ping ok\ndb>web . ok");
  ASSERT_TRUE(client->Close().ok());
  EXPECT_EQ(ReadSome(*server), "EOF");
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(recorder_->Take(),
            "web>db F. ok\ndb>web . ok\ndb>web F. ok\nweb>db . ok");
}

TEST_F(WireTest, NumbersAreThoseOfTcp) {
  auto [client, server] = Open();
  ASSERT_TRUE(client->Write("ping").ok());
  const Packet first = recorder_->last();  // the acknowledgment
  ASSERT_TRUE(client->Write("pong!").ok());
  const Packet second = recorder_->last();
  EXPECT_EQ(second.acknowledgment - first.acknowledgment, 5u);
  EXPECT_EQ(second.sequence, first.sequence);
  ASSERT_TRUE(client->CloseWrite().ok());
  EXPECT_EQ(recorder_->last().acknowledgment - second.acknowledgment, 1u);
  EXPECT_EQ(second.source, server->LocalAddr());
  EXPECT_EQ(second.destination, client->LocalAddr());
}

TEST_F(WireTest, AWriteBecomesSegments) {
  std::vector<size_t> sizes;
  auto [client, server] = Open();
  policy_->set_landing([&sizes](const Packet& packet) {
    if (HasData(packet)) sizes.push_back(packet.payload.size());
    return Judgement::Pass();
  });
  ASSERT_TRUE(client->Write(std::string(3000, 'x')).ok());
  EXPECT_EQ(sizes, (std::vector<size_t>{1448, 1448, 104}));
  EXPECT_EQ(ReadSome(*server, 4000), std::string(3000, 'x'));
}

// As Linux has them: TCP_INFO's tcpi_snd_mss of an Ethernet and a loopback.
TEST_F(WireTest, SegmentsFillAPacket) {
  std::vector<size_t> sizes;
  policy_->set_send([&sizes](const Packet& packet) {
    if (HasData(packet)) sizes.push_back(packet.payload.size());
    return Judgement::Pass();
  });
  const auto sizes_of = [&](FakeHost& host, const char* network,
                            const std::string& address, size_t bytes) {
    const auto listener = Must(db_->Listen(network, ":80"));
    const Connected both = Connect(host, *listener, network, address);
    sizes.clear();
    EXPECT_EQ(ErrorOf(both.client->Write(std::string(bytes, 'x'))), "OK");
    return sizes;
  };
  using Sizes = std::vector<size_t>;
  EXPECT_EQ(sizes_of(*web_, "tcp4", "db:80", 1500), (Sizes{1448, 52}));
  EXPECT_EQ(sizes_of(*web_, "tcp6", "db:80", 1500), (Sizes{1428, 72}));
  EXPECT_EQ(sizes_of(*db_, "tcp4", "db:80", 65500), (Sizes{65483, 17}));
  EXPECT_EQ(sizes_of(*db_, "tcp6", "db:80", 65500), (Sizes{65464, 36}));
  EXPECT_EQ(sizes_of(*db_, "tcp4", "127.0.0.1:80", 65500), (Sizes{65483, 17}));
  EXPECT_EQ(sizes_of(*db_, "tcp6", "[::1]:80", 65500), (Sizes{65464, 36}));
}

TEST_F(WireTest, NobodyListensIsAReset) {
  EXPECT_EQ(ErrorOf(web_->Dial("tcp4", "db:81")),
            "dial tcp4 10.0.0.1:81: connect: connection refused");
  EXPECT_EQ(recorder_->Take(), "web>db S ok\ndb>web R. ok");
}

TEST_F(WireTest, UnreadDataIsAReset) {
  auto [client, server] = Open();
  ASSERT_TRUE(client->Write("unread").ok());
  (void)recorder_->Take();
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(recorder_->Take(), "db>web R. ok");
  EXPECT_TRUE(IsReset(client->Write("x")));
  EXPECT_TRUE(IsBrokenPipe(client->Write("x")));
}

TEST_F(WireTest, AWriteToAClosedEndComesBackAsAReset) {
  auto [client, server] = Open();
  ASSERT_TRUE(server->Close().ok());
  ASSERT_TRUE(client->Write("lost").ok());
  EXPECT_TRUE(IsBrokenPipe(client->Write("x")));
  EXPECT_NE(recorder_->Take().find("db>web R. ok"), std::string::npos);
}

TEST_F(WireTest, ASynToAFullBacklogIsLostAndRepeated) {
  ListenOptions one;
  one.backlog = 0;
  auto listener = Must(db_->Listen("tcp4", ":80", one));
  auto first = Must(web_->Dial("tcp4", "db:80"));
  (void)recorder_->Take();
  std::unique_ptr<Conn> second;
  std::thread dialer([&] { second = Must(web_->Dial("tcp4", "db:80")); });
  clock_.AwaitAlarms(1);
  EXPECT_EQ(recorder_->Take(), "web>db S dropped: the backlog is full");
  Must(listener->Accept());
  clock_.Advance(absl::Seconds(1));
  dialer.join();
  EXPECT_NE(recorder_->Take().find("web>db S again ok\ndb>web S. ok"),
            std::string::npos);
  EXPECT_NE(second, nullptr);
}

TEST_F(WireTest, ADatagramToNobodyIsRefusedWhenItLands) {
  auto client = Must(web_->Dial("udp4", "db:53"));
  ASSERT_TRUE(client->Write("a").ok());
  EXPECT_EQ(recorder_->Take(), "web>db  a dropped: nobody is there");
  EXPECT_TRUE(IsRefused(client->Write("b")));
}

TEST_F(WireTest, UnixpacketIsSeen) {
  auto listener = Must(db_->Listen("unixpacket", "@s"));
  auto [client, server] = Connect(*db_, *listener, "unixpacket", "@s");
  ASSERT_TRUE(client->Write("one").ok());
  EXPECT_EQ(recorder_->last().ordinal, 0u);
  ASSERT_TRUE(client->Write("two").ok());
  const Packet second = recorder_->last();
  EXPECT_EQ(second.protocol, Packet::Protocol::kUnixpacket);
  EXPECT_EQ(second.ordinal, 1u);
  EXPECT_EQ(second.side, 0);
  EXPECT_EQ(second.source, Addr::Unnamed("unixpacket"));
  EXPECT_EQ(second.destination, server->LocalAddr());
  ASSERT_TRUE(server->Write("back").ok());
  EXPECT_EQ(recorder_->last().side, 1);
  EXPECT_EQ(recorder_->last().flow, second.flow);
  ASSERT_TRUE(client->CloseWrite().ok());
  ASSERT_TRUE(client->Close().ok());
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(recorder_->Take(),
            "db>db S ok\ndb>db S. ok\ndb>db P. one ok\ndb>db P. two ok\n"
            "db>db P. back ok\ndb>db F. ok\ndb>db R. ok\ndb>db R. ok");
}

// Nothing gets between its ends: it is not judged.
TEST_F(WireTest, UnixpacketIsNotDropped) {
  policy_->set_send(When(&HasData, Judgement::Drop("all")));
  auto listener = Must(db_->Listen("unixpacket", "@s"));
  auto [client, server] = Connect(*db_, *listener, "unixpacket", "@s");
  ASSERT_TRUE(client->Write("x").ok());
  EXPECT_EQ(ReadSome(*server), "x");
  ASSERT_TRUE(server->Close().ok());
  EXPECT_EQ(recorder_->Take(),
            "db>db S ok\ndb>db S. ok\ndb>db P. x ok\ndb>db F. ok");
}

TEST_F(WireTest, UnixSocketsAreSeen) {
  auto listener = Must(db_->Listen("unix", "@s"));
  auto [client, server] = Connect(*db_, *listener, "unix", "@s");
  ASSERT_TRUE(client->Write("x").ok());
  EXPECT_EQ(ReadSome(*server), "x");
  auto gram = Must(db_->ListenPacket("unixgram", "@g"));
  auto sender = Must(db_->Dial("unixgram", "@g"));
  ASSERT_TRUE(sender->Write("y").ok());
  EXPECT_EQ(recorder_->Take(),
            "db>db S ok\ndb>db S. ok\ndb>db P. x ok\ndb>db  y ok");
}

}  // namespace
}  // namespace plumb
