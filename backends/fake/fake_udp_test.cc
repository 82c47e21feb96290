#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "backends/fake/probes.h"
#include "gtest/gtest.h"
#include "transport/extensions.h"
#include "transport/manual_clock.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

class FakeUdpTest : public testing::Test {
 protected:
  FakeUdpTest() : db_(network_.Host("db")), web_(network_.Host("web")) {}

  FakeNetwork network_;
  const std::shared_ptr<FakeHost> db_;
  const std::shared_ptr<FakeHost> web_;
};

TEST_F(FakeUdpTest, DatagramsKeepTheirBoundaries) {
  const auto packets = Must(db_->ListenPacket("udp", ":53"));
  EXPECT_EQ(packets->LocalAddr().ToString(), "[::]:53");
  const auto conn = Must(web_->Dial("udp", "db:53"));
  const absl::string_view pieces[] = {"a", "b"};
  ASSERT_TRUE(conn->Write(pieces).ok());
  ASSERT_TRUE(conn->Write("").ok());
  ASSERT_TRUE(conn->Write("cdef").ok());
  char buffer[3];
  Received got = Must(packets->ReadFrom(absl::MakeSpan(buffer)));
  EXPECT_EQ(got.size, 2u);
  EXPECT_FALSE(got.truncated());
  EXPECT_EQ(got.from, conn->LocalAddr());
  EXPECT_EQ(Must(packets->ReadFrom(absl::MakeSpan(buffer))).full_size, 0u);
  got = Must(packets->ReadFrom(absl::MakeSpan(buffer)));
  EXPECT_EQ(got.size, 3u);
  EXPECT_EQ(got.full_size, 4u);
  ASSERT_TRUE(packets->WriteTo("answer", got.from).ok());
  EXPECT_EQ(ReadSome(*conn), "answer");
}

TEST_F(FakeUdpTest, ACutDatagramIsAnErrorOfAConn) {
  const auto packets = Must(db_->ListenPacket("udp", ":53"));
  const auto conn = Must(web_->Dial("udp", "db:53"));
  ASSERT_TRUE(packets->WriteTo("12345", conn->LocalAddr()).ok());
  char buffer[2];
  const absl::Status status = conn->Read(absl::MakeSpan(buffer)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "read udp 10.0.0.2:32768->10.0.0.1:53: read: message too long");
  EXPECT_EQ(BytesDone(status), 5u);
  EXPECT_EQ(absl::string_view(buffer, 2), "12");
}

TEST_F(FakeUdpTest, AConnReceivesFromItsPeerAlone) {
  const auto packets = Must(db_->ListenPacket("udp", ":53"));
  const auto other = Must(db_->ListenPacket("udp", ":54"));
  const auto conn = Must(web_->Dial("udp", "db:53"));
  ASSERT_TRUE(other->WriteTo("stranger", conn->LocalAddr()).ok());
  ASSERT_TRUE(packets->WriteTo("peer", conn->LocalAddr()).ok());
  EXPECT_EQ(ReadSome(*conn), "peer");
}

// S-UD-03.
TEST_F(FakeUdpTest, AClosedPortIsToldOnce) {
  const auto conn = Must(web_->Dial("udp", "db:53"));
  ASSERT_TRUE(conn->Write("x").ok());
  EXPECT_EQ(ReadSome(*conn),
            "read udp 10.0.0.2:32768->10.0.0.1:53: read: connection refused");
  ASSERT_TRUE(conn->SetReadDeadline(absl::Time()).ok());
  EXPECT_EQ(ReadSome(*conn),
            "read udp 10.0.0.2:32768->10.0.0.1:53: i/o timeout");
  ASSERT_TRUE(conn->Write("x").ok());
  EXPECT_TRUE(IsRefused(conn->Write("x")));
  const auto packets = Must(db_->ListenPacket("udp", ":53"));
  EXPECT_TRUE(conn->Write("x").ok());
  // An unconnected socket is not told.
  EXPECT_TRUE(
      packets->WriteTo("x", Addr::Udp(IpAddr::V4(10, 0, 0, 2), 9)).ok());
  EXPECT_TRUE(
      packets->WriteTo("x", Addr::Udp(IpAddr::V4(10, 0, 0, 2), 9)).ok());
}

TEST_F(FakeUdpTest, ARefusalEndsABlockedRead) {
  const auto conn = Must(web_->Dial("udp", "db:53"));
  std::thread reader([&] {
    EXPECT_EQ(ReadSome(*conn),
              "read udp 10.0.0.2:32768->10.0.0.1:53: read: connection refused");
  });
  AwaitBlocked(*conn, Direction::kRead);
  EXPECT_TRUE(conn->Write("x").ok());
  reader.join();
}

TEST_F(FakeUdpTest, TooLong) {
  const auto packets = Must(db_->ListenPacket("udp4", "10.0.0.1:53"));
  const auto conn = Must(web_->Dial("udp", "db:53"));
  EXPECT_EQ(Extension<MessageTraits>(*conn)->MaxMessageSize(), 65507u);
  EXPECT_EQ(Extension<MessageTraits>(*packets)->MaxMessageSize(), 65507u);
  EXPECT_TRUE(conn->Write(std::string(65507, 'x')).ok());
  const absl::Status status = conn->Write(std::string(65508, 'x'));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(),
            "write udp 10.0.0.2:32768->10.0.0.1:53: write: message too long");
  EXPECT_EQ(
      ErrorOf(packets->WriteTo(std::string(65508, 'x'), conn->LocalAddr())),
      "write udp4 10.0.0.1:53->10.0.0.2:32768: sendto: message too long");
}

TEST_F(FakeUdpTest, ErrorsOfWriteTo) {
  const auto packets = Must(db_->ListenPacket("udp4", "10.0.0.1:53"));
  EXPECT_EQ(ErrorOf(packets->WriteTo("x", Addr())),
            "write udp4 10.0.0.1:53: missing address");
  EXPECT_EQ(ErrorOf(packets->WriteTo("x", Addr::Udp(IpAddr::LoopbackV6(), 9))),
            "write udp4 10.0.0.1:53->[::1]:9: address ::1: non-IPv4 address");
  EXPECT_EQ(
      ErrorOf(packets->WriteTo("x", Addr::Tcp(IpAddr::V4(10, 0, 0, 2), 9))),
      "write udp4 10.0.0.1:53->10.0.0.2:9: invalid argument");
  // Nobody has this address, and nobody says so.
  EXPECT_TRUE(
      packets->WriteTo("x", Addr::Udp(IpAddr::V4(192, 0, 2, 1), 9)).ok());
}

TEST_F(FakeUdpTest, DropsWhatThereIsNoRoomFor) {
  ListenOptions options;
  options.receive_buffer = 1000;
  const auto packets = Must(db_->ListenPacket("udp", ":53", options));
  const auto conn = Must(web_->Dial("udp", "db:53"));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(conn->Write(std::string(300, static_cast<char>('a' + i))).ok());
  }
  std::vector<InPacket> got(5);
  EXPECT_EQ(Must(packets->ReadBatch(absl::MakeSpan(got))), 2u);
}

TEST_F(FakeUdpTest, Batches) {
  const auto packets = Must(db_->ListenPacket("udp", ":53"));
  const auto sender = Must(web_->ListenPacket("udp", ":0"));
  const Addr to = Addr::Udp(db_->ip4(), 53);
  const OutPacket out[] = {{"one", to}, {"two", to}, {"none", Addr()}};
  EXPECT_EQ(Must(sender->WriteBatch(out)), 2u);
  char buffers[3][10];
  InPacket in[3];
  for (int i = 0; i < 3; ++i) in[i].buffer = absl::MakeSpan(buffers[i]);
  EXPECT_EQ(Must(packets->ReadBatch(absl::MakeSpan(in))), 2u);
  EXPECT_EQ(absl::string_view(buffers[1], in[1].received.size), "two");
  EXPECT_EQ(in[0].received.from, Addr::Udp(web_->ip4(), 32768));
  EXPECT_EQ(Must(packets->ReadBatch(absl::Span<InPacket>())), 0u);
}

TEST_F(FakeUdpTest, ConnHasNoHalfClose) {
  const auto conn = Must(web_->Dial("udp", "db:53"));
  const absl::Status status = conn->CloseWrite();
  EXPECT_TRUE(IsUnsupported(status));
  EXPECT_EQ(status.message(),
            "close udp 10.0.0.2:32768->10.0.0.1:53: CloseWrite not supported");
}

TEST_F(FakeUdpTest, AListenerMakesAConnForEachPeer) {
  const auto listener = Must(db_->Listen("udp", ":53"));
  const auto first = Must(web_->Dial("udp", "db:53"));
  const auto second = Must(web_->Dial("udp", "db:53"));
  ASSERT_TRUE(first->Write("a1").ok());
  ASSERT_TRUE(second->Write("b1").ok());
  ASSERT_TRUE(first->Write("a2").ok());
  const auto a = Must(listener->Accept());
  const auto b = Must(listener->Accept());
  EXPECT_EQ(a->RemoteAddr(), first->LocalAddr());
  EXPECT_EQ(ReadSome(*a), "a1");
  EXPECT_EQ(ReadSome(*a), "a2");
  EXPECT_EQ(ReadSome(*b), "b1");
  ASSERT_TRUE(b->Write("to b").ok());
  ASSERT_TRUE(a->Write("to a").ok());
  EXPECT_EQ(ReadSome(*first), "to a");
  EXPECT_EQ(ReadSome(*second), "to b");
  ASSERT_TRUE(a->CloseWrite().ok());
  EXPECT_EQ(a->Write("x").code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(FakeUdpTest, ThePortIsFreeWhenTheLastPeerIsClosed) {
  const auto listener = Must(db_->Listen("udp", ":53"));
  const auto client = Must(web_->Dial("udp", "db:53"));
  ASSERT_TRUE(client->Write("x").ok());
  const auto peer = Must(listener->Accept());
  ASSERT_TRUE(listener->Close().ok());
  EXPECT_EQ(ReadSome(*peer), "x");
  EXPECT_TRUE(IsAddressInUse(db_->Listen("udp", ":53").status()));
  ASSERT_TRUE(client->Write("y").ok());
  EXPECT_EQ(ReadSome(*peer), "y");
  ASSERT_TRUE(peer->Close().ok());
  EXPECT_TRUE(db_->Listen("udp", ":53").ok());
}

TEST_F(FakeUdpTest, LimitsOfAListener) {
  ListenOptions options;
  UdpListenOptions limits;
  limits.max_peers = 2;
  limits.peer_queue_bytes = 200;
  limits.max_datagram = 150;
  options.extras.Set(limits);
  const auto listener = Must(db_->Listen("udp", ":53", options));
  std::vector<std::unique_ptr<Conn>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Must(web_->Dial("udp", "db:53")));
    ASSERT_TRUE(clients.back()->Write(std::string(50, 'x')).ok());
  }
  ASSERT_TRUE(clients[0]->Write(std::string(50, 'x')).ok());
  UdpListenerCounters counters =
      Extension<UdpListenerStats>(*listener)->Counters();
  EXPECT_EQ(counters.peers, 2u);
  EXPECT_EQ(counters.dropped_newcomers, 1u);
  EXPECT_EQ(counters.dropped_datagrams, 1u);
  EXPECT_EQ(counters.queued_bytes,
            2 * (50 + UdpListenOptions::kDatagramOverhead));
  const auto peer = Must(listener->Accept());
  EXPECT_EQ(ReadSome(*peer).size(), 50u);
  ASSERT_TRUE(clients[0]->Write(std::string(151, 'x')).ok());
  char buffer[1000];
  EXPECT_EQ(BytesDone(peer->Read(absl::MakeSpan(buffer)).status()), 151u);
}

TEST_F(FakeUdpTest, AnIdleTimeoutIsPositive) {
  ListenOptions options;
  UdpListenOptions limits;
  limits.idle_timeout = absl::ZeroDuration();
  options.extras.Set(limits);
  const absl::Status status = db_->Listen("udp", ":53", options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "listen udp: idle_timeout 0 is not positive");
}

TEST(FakeUdpListenerTest, IdlePeersExpire) {
  ManualClock clock;
  FakeNetworkOptions network_options;
  network_options.clock = &clock;
  FakeNetwork network(network_options);
  const auto db = network.Host("db");
  ListenOptions options;
  UdpListenOptions limits;
  limits.idle_timeout = absl::Seconds(10);
  options.extras.Set(limits);
  const auto listener = Must(db->Listen("udp", ":53", options));
  const auto client = Must(db->Dial("udp", "db:53"));
  ASSERT_TRUE(client->Write("x").ok());
  const auto peer = Must(listener->Accept());
  clock.Advance(absl::Seconds(9));
  ASSERT_TRUE(peer->Write("keeps it").ok());
  std::thread reader([&] {
    EXPECT_EQ(ReadSome(*peer), "x");
    EXPECT_EQ(ReadSome(*peer), "EOF");
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(10));
  reader.join();
  ASSERT_TRUE(client->Write("again").ok());
  const auto newcomer = Must(listener->Accept());
  EXPECT_EQ(ReadSome(*newcomer), "again");
  EXPECT_EQ(ReadSome(*peer), "EOF");
  EXPECT_EQ(Extension<UdpListenerStats>(*listener)->Counters().expired_peers,
            1u);
}

TEST_F(FakeUdpTest, PortsOfUdpAndTcpAreApart) {
  const auto tcp = Must(db_->Listen("tcp", ":53"));
  const auto udp = Must(db_->ListenPacket("udp", ":53"));
  EXPECT_EQ(ErrorOf(db_->ListenPacket("udp", "127.0.0.1:53")),
            "listen udp 127.0.0.1:53: bind: address already in use");
}

TEST_F(FakeUdpTest, FakegramIsUdpByAnotherName) {
  const auto packets = Must(db_->ListenPacket("fakegram", "localhost:0"));
  EXPECT_EQ(packets->LocalAddr().network(), "fakegram");
  const auto conn =
      Must(db_->Dial("fakegram", packets->LocalAddr().ToString()));
  ASSERT_TRUE(conn->Write("x").ok());
  char buffer[10];
  const Received got = Must(packets->ReadFrom(absl::MakeSpan(buffer)));
  EXPECT_EQ(got.from.network(), "fakegram");
  EXPECT_TRUE(packets->WriteTo("y", got.from).ok());
  EXPECT_EQ(ReadSome(*conn), "y");
}

// As seen in a network of Linux's own: on every host, the sender's too, whoever
// is bound to all addresses, and nobody else.
TEST(FakeBroadcastTest, ReachesTheWildcardsOfAllHosts) {
  FakeNetwork network;
  auto a = network.Host("a");
  auto b = network.Host("b");
  auto sender = Must(a->ListenPacket("udp4", ":6000"));
  auto here = Must(a->ListenPacket("udp4", ":5000"));
  auto there = Must(b->ListenPacket("udp", ":5000"));
  auto peers = Must(network.Host("c")->Listen("udp4", ":5000"));
  auto one = Must(network.Host("d")->ListenPacket("udp4", "10.0.0.4:5000"));
  auto six = Must(network.Host("e")->ListenPacket("udp6", ":5000"));
  for (const IpAddr& to :
       {IpAddr::V4(255, 255, 255, 255), IpAddr::V4(10, 255, 255, 255)}) {
    ASSERT_TRUE(sender->WriteTo("hello", Addr::Udp(to, 5000)).ok());
    for (PacketConn* packets : {here.get(), there.get()}) {
      char buffer[10];
      const auto received = Must(packets->ReadFrom(absl::MakeSpan(buffer)));
      EXPECT_EQ(absl::string_view(buffer, received.size), "hello");
      EXPECT_EQ(received.from.ToString(), "10.0.0.1:6000");
    }
  }
  auto peer = Must(peers->Accept());
  EXPECT_EQ(ReadSome(*peer), "hello");
  EXPECT_EQ(ReadSome(*peer), "hello");
  EXPECT_FALSE(Extension<ConnProbe>(*one)->CanRead());
  EXPECT_FALSE(Extension<ConnProbe>(*six)->CanRead());
}

TEST(FakeBroadcastTest, ThatOfTheLoopbackReachesItsOwnHost) {
  FakeNetwork network;
  auto a = network.Host("a");
  ListenOptions share;
  share.reuse_port = true;
  auto first = Must(a->ListenPacket("udp4", ":5000", share));
  auto second = Must(a->ListenPacket("udp4", ":5000", share));
  auto one = Must(a->ListenPacket("udp4", "127.0.0.1:5000", share));
  auto there = Must(network.Host("b")->ListenPacket("udp4", ":5000"));
  auto sender = Must(a->ListenPacket("udp4", "127.0.0.1:0"));
  const Addr all = Addr::Udp(IpAddr::V4(127, 255, 255, 255), 5000);
  ASSERT_TRUE(sender->WriteTo("hello", all).ok());
  EXPECT_TRUE(Extension<ConnProbe>(*first)->CanRead());
  EXPECT_TRUE(Extension<ConnProbe>(*second)->CanRead());
  EXPECT_FALSE(Extension<ConnProbe>(*one)->CanRead());
  EXPECT_FALSE(Extension<ConnProbe>(*there)->CanRead());
}

TEST(FakeBroadcastTest, NobodyIsRefused) {
  FakeNetwork network;
  auto sender = Must(network.Host("a")->Dial("udp4", "255.255.255.255:5000"));
  EXPECT_TRUE(sender->Write("x").ok());
  EXPECT_TRUE(sender->Write("y").ok());
}

}  // namespace
}  // namespace plumb
