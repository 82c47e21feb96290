#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "backends/fake/fake_test_util.h"
#include "gtest/gtest.h"
#include "transport/extensions.h"
#include "transport/unix_options.h"

namespace plumb {
namespace {

class FakeUnixTest : public testing::Test {
 protected:
  FakeUnixTest() : host_(network_.Host("web")) {}

  FakeNetwork network_;
  const std::shared_ptr<FakeHost> host_;
};

TEST_F(FakeUnixTest, StreamByPath) {
  const auto listener = Must(host_->Listen("unix", "/run/x.sock"));
  EXPECT_EQ(listener->Address().ToString(), "/run/x.sock");
  const Connected both = Connect(*host_, *listener, "unix", "/run/x.sock");
  EXPECT_EQ(both.client->LocalAddr().ToString(), "@");
  EXPECT_EQ(both.client->RemoteAddr(), both.server->LocalAddr());
  EXPECT_EQ(both.server->RemoteAddr(), both.client->LocalAddr());
  ASSERT_TRUE(both.client->Write("x").ok());
  EXPECT_EQ(ReadSome(*both.server), "x");
  auto* credentials = Extension<PeerCredentials>(*both.server);
  ASSERT_NE(credentials, nullptr);
  EXPECT_GT(Must(credentials->GetPeerCredentials()).pid, 0);
  EXPECT_EQ(Extension<TcpControl>(*both.server), nullptr);
}

TEST_F(FakeUnixTest, NamesBelongToAHost) {
  const auto listener = Must(host_->Listen("unix", "/run/x.sock"));
  const auto abstract = Must(host_->Listen("unix", "@x"));
  const auto other = network_.Host("db");
  EXPECT_EQ(ErrorOf(other->Dial("unix", "/run/x.sock")),
            "dial unix /run/x.sock: connect: no such file or directory");
  EXPECT_EQ(other->Dial("unix", "/run/x.sock").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ErrorOf(other->Dial("unix", "@x")),
            "dial unix @x: connect: connection refused");
  EXPECT_TRUE(host_->Dial("unix", "@x").ok());
}

TEST_F(FakeUnixTest, ErrorsOfNames) {
  const auto listener = Must(host_->Listen("unix", "x.sock"));
  EXPECT_EQ(ErrorOf(host_->Listen("unix", "x.sock")),
            "listen unix x.sock: bind: address already in use");
  EXPECT_EQ(ErrorOf(host_->Dial("unixpacket", "x.sock")),
            "dial unixpacket x.sock: connect: protocol wrong type for socket");
  EXPECT_EQ(ErrorOf(host_->Dial("unix", "")), "dial unix: missing address");
  const std::string too_long(108, 'p');
  EXPECT_EQ(ErrorOf(host_->Listen("unix", too_long)),
            "listen unix " + too_long + ": bind: invalid argument");
  EXPECT_EQ(ErrorOf(host_->Dial("unix", too_long)),
            "dial unix " + too_long + ": connect: invalid argument");
}

TEST_F(FakeUnixTest, AutobindChoosesAName) {
  const auto first = Must(host_->Listen("unix", ""));
  EXPECT_EQ(first->Address().ToString(), "@00001");
  EXPECT_EQ(Must(host_->Listen("unix", ""))->Address().ToString(), "@00002");
  EXPECT_TRUE(host_->Dial("unix", "@00001").ok());
  DialOptions options;
  options.local_address = "";
  const Connected both = Connect(*host_, *first, "unix", "@00001");
  EXPECT_EQ(both.client->LocalAddr().ToString(), "@");
  const auto named = Must(host_->Dial("unix", "@00001", options));
  EXPECT_EQ(named->LocalAddr().ToString(), "@00003");
}

TEST_F(FakeUnixTest, FilesAreUnlinkedOrStale) {
  auto listener = Must(host_->Listen("unix", "x.sock"));
  ASSERT_TRUE(listener->Close().ok());
  EXPECT_EQ(host_->Dial("unix", "x.sock").status().code(),
            absl::StatusCode::kNotFound);
  UnixListenOptions unix_options;
  unix_options.unlink_on_close = false;
  ListenOptions options;
  options.extras.Set(unix_options);
  listener = Must(host_->Listen("unix", "x.sock", options));
  ASSERT_TRUE(listener->Close().ok());
  EXPECT_TRUE(IsRefused(host_->Dial("unix", "x.sock").status()));
  EXPECT_TRUE(IsAddressInUse(host_->Listen("unix", "x.sock").status()));
  unix_options.replace_stale = true;
  options.extras.Set(unix_options);
  listener = Must(host_->Listen("unix", "x.sock", options));
  EXPECT_TRUE(
      IsAddressInUse(host_->Listen("unix", "x.sock", options).status()));
  EXPECT_TRUE(host_->RemovePath("x.sock").ok());
  EXPECT_EQ(ErrorOf(host_->RemovePath("x.sock")),
            "remove x.sock: no such file or directory");
  EXPECT_TRUE(host_->Listen("unix", "x.sock").ok());
}

TEST_F(FakeUnixTest, StreamCloseWithUnreadDataResets) {
  const auto listener = Must(host_->Listen("unix", "x.sock"));
  const Connected both = Connect(*host_, *listener, "unix", "x.sock");
  ASSERT_TRUE(both.client->Write("unread").ok());
  ASSERT_TRUE(both.server->Write("queued").ok());
  ASSERT_TRUE(both.server->Close().ok());
  const absl::Status write = both.client->Write("x");
  EXPECT_TRUE(IsBrokenPipe(write));
  EXPECT_EQ(write.message(), "write unix @->x.sock: write: broken pipe");
  EXPECT_EQ(ReadSome(*both.client), "queued");
  EXPECT_EQ(ReadSome(*both.client),
            "read unix @->x.sock: read: connection reset by peer");
  EXPECT_EQ(ReadSome(*both.client), "EOF");
  EXPECT_TRUE(both.client->CloseWrite().ok());
}

TEST_F(FakeUnixTest, UnixgramHoldsItsSenderBack) {
  FakeNetworkOptions network_options;
  network_options.unixgram_queue = 1;
  FakeNetwork network(network_options);
  const auto host = network.Host("web");
  const auto packets = Must(host->ListenPacket("unixgram", "x.sock"));
  const auto conn = Must(host->Dial("unixgram", "x.sock"));
  EXPECT_EQ(conn->LocalAddr().ToString(), "@");
  ASSERT_TRUE(conn->Write("1").ok());
  ASSERT_TRUE(conn->Write("2").ok());
  std::thread sender([&] { EXPECT_TRUE(conn->Write("3").ok()); });
  AwaitBlocked(*conn, Direction::kWrite);
  char buffer[10];
  const Received got = Must(packets->ReadFrom(absl::MakeSpan(buffer)));
  EXPECT_EQ(absl::string_view(buffer, got.size), "1");
  EXPECT_FALSE(got.from.has_value());
  sender.join();
  ASSERT_TRUE(conn->SetWriteDeadline(absl::Now() + absl::Milliseconds(5)).ok());
  EXPECT_EQ(ErrorOf(conn->Write("4")), "write unixgram @->x.sock: i/o timeout");
}

TEST_F(FakeUnixTest, UnixgramAnswers) {
  const auto packets = Must(host_->ListenPacket("unixgram", "a"));
  DialOptions options;
  options.local_address = "b";
  const auto conn = Must(host_->Dial("unixgram", "a", options));
  ASSERT_TRUE(conn->Write("ask").ok());
  ASSERT_TRUE(conn->Write("").ok());
  char buffer[10];
  const Received got = Must(packets->ReadFrom(absl::MakeSpan(buffer)));
  EXPECT_EQ(got.from.ToString(), "b");
  EXPECT_EQ(Must(packets->ReadFrom(absl::MakeSpan(buffer))).full_size, 0u);
  ASSERT_TRUE(packets->WriteTo("answer", got.from).ok());
  EXPECT_EQ(ReadSome(*conn), "answer");
  const auto other = Must(host_->ListenPacket("unixgram", "c"));
  const absl::Status stranger = other->WriteTo("x", got.from);
  EXPECT_EQ(stranger.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(stranger.message(),
            "write unixgram c->b: sendto: operation not permitted");
  ASSERT_TRUE(packets->Close().ok());
  EXPECT_EQ(ErrorOf(conn->Write("x")),
            "write unixgram b->a: write: connection refused");
  EXPECT_EQ(ErrorOf(conn->Write("x")),
            "write unixgram b->a: write: transport endpoint is not connected");
  EXPECT_EQ(ErrorOf(other->WriteTo("x", Addr::Named("unixgram", "nosuch"))),
            "write unixgram c->nosuch: sendto: no such file or directory");
  EXPECT_EQ(ErrorOf(other->WriteTo("x", Addr::Udp(IpAddr::LoopbackV4(), 1))),
            "write unixgram c->127.0.0.1:1: address family not supported by "
            "protocol");
}

TEST_F(FakeUnixTest, UnixpacketKeepsBoundaries) {
  const auto listener = Must(host_->Listen("unixpacket", "x.sock"));
  const Connected both = Connect(*host_, *listener, "unixpacket", "x.sock");
  ASSERT_TRUE(both.client->Write("one").ok());
  ASSERT_TRUE(both.client->Write("three").ok());
  EXPECT_EQ(ReadSome(*both.server), "one");
  char buffer[2];
  const absl::Status cut = both.server->Read(absl::MakeSpan(buffer)).status();
  EXPECT_EQ(cut.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(BytesDone(cut), 5u);
  ASSERT_TRUE(both.client->CloseWrite().ok());
  EXPECT_EQ(ReadSome(*both.server), "EOF");
  ASSERT_TRUE(both.server->Write("back").ok());
  EXPECT_EQ(ReadSome(*both.client), "back");
  EXPECT_EQ(both.client->Write("x").code(),
            absl::StatusCode::kFailedPrecondition);
  // S-EOF-04.
  EXPECT_FALSE(Extension<MessageTraits>(*both.client)->EmptyMessages());
  ASSERT_TRUE(both.server->Write("").ok());
  EXPECT_EQ(ReadSome(*both.client), "EOF");
}

TEST_F(FakeUnixTest, TheReceiveBufferIsNotHonoured) {
  DialOptions dial;
  dial.receive_buffer = 10000;
  ListenOptions listen;
  listen.receive_buffer = 10000;
  for (const char* network : {"unix", "unixpacket"}) {
    EXPECT_EQ(ErrorOf(host_->Dial(network, "@x", dial).status()),
              absl::StrCat("dial ", network,
                           ": option receive_buffer not supported"));
    EXPECT_EQ(ErrorOf(host_->Listen(network, "@x", listen).status()),
              absl::StrCat("listen ", network,
                           ": option receive_buffer not supported"));
    const auto listener = Must(host_->Listen(network, "@x"));
    const Connected both = Connect(*host_, *listener, network, "@x");
    const absl::Status set =
        Extension<BufferControl>(*both.server)->SetReadBuffer(10000);
    EXPECT_EQ(set.code(), absl::StatusCode::kUnimplemented);
    EXPECT_EQ(set.message(),
              absl::StrCat("set ", network, " @x: read buffer not supported"));
  }
  EXPECT_EQ(ErrorOf(host_->ListenPacket("unixgram", "@x", listen).status()),
            "listen unixgram: option receive_buffer not supported");
  const auto packets = Must(host_->ListenPacket("unixgram", "@x"));
  EXPECT_EQ(ErrorOf(Extension<BufferControl>(*packets)->SetReadBuffer(10000)),
            "set unixgram @x: read buffer not supported");
}

TEST_F(FakeUnixTest, UnixpacketTooLongAndFull) {
  ListenOptions options;
  options.send_buffer = 1000;
  const auto listener = Must(host_->Listen("unixpacket", "x.sock", options));
  const Connected both = Connect(*host_, *listener, "unixpacket", "x.sock");
  Conn& server = *both.server;
  const size_t max = Extension<MessageTraits>(server)->MaxMessageSize();
  EXPECT_EQ(ErrorOf(server.Write(std::string(max + 1, 'x'))),
            "write unixpacket x.sock->@: write: message too long");
  ASSERT_TRUE(server.Write(std::string(max, 'x')).ok());
  std::thread writer([&] { EXPECT_TRUE(server.Write("y").ok()); });
  AwaitBlocked(server, Direction::kWrite);
  EXPECT_EQ(ReadSome(*both.client, max).size(), max);
  EXPECT_EQ(ReadSome(*both.client, max), "y");
  writer.join();
}

TEST_F(FakeUnixTest, UnixpacketCloses) {
  const auto listener = Must(host_->Listen("unixpacket", "x.sock"));
  const Connected both = Connect(*host_, *listener, "unixpacket", "x.sock");
  ASSERT_TRUE(both.client->Write("unread").ok());
  ASSERT_TRUE(both.server->Close().ok());
  EXPECT_EQ(ReadSome(*both.client),
            "read unixpacket @->x.sock: read: connection reset by peer");
  EXPECT_EQ(ReadSome(*both.client), "EOF");
  EXPECT_TRUE(IsBrokenPipe(both.client->Write("x")));
}

}  // namespace
}  // namespace plumb
