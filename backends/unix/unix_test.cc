#include "backends/unix/unix.h"

#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "backends/unix/unix_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/registry.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(UnixTest, Register) {
  Registry registry;
  ASSERT_TRUE(RegisterUnix(registry).ok());
  EXPECT_EQ(registry.Names(),
            (std::vector<std::string>{"unix", "unixgram", "unixpacket"}));
}

// S-AD-06.
TEST_F(UnixTest, AddressesOfAConnection) {
  for (const char* network : {"unix", "unixpacket"}) {
    const std::string path = Path("s");
    auto listener = *unix_->Listen(network, path);
    EXPECT_EQ(listener->Address(), Addr::Named(network, path));
    auto client = *unix_->Dial(network, path);
    auto server = *listener->Accept();
    EXPECT_EQ(client->LocalAddr(), Addr::Unnamed(network));
    EXPECT_EQ(client->RemoteAddr(), Addr::Named(network, path));
    EXPECT_EQ(server->LocalAddr(), Addr::Named(network, path));
    EXPECT_EQ(server->RemoteAddr(), Addr::Unnamed(network));
    EXPECT_TRUE(server->Close().ok());
    ExpectError(server->Write("x"), Code::kCancelled,
                absl::StrCat("write ", network, " ", path,
                             "->@: use of closed network connection"));
  }
}

TEST_F(UnixTest, DialFromAPath) {
  auto listener = *unix_->Listen("unix", Path("s"));
  DialOptions options;
  options.local_address = Path("c");
  auto client = *unix_->Dial("unix", Path("s"), options);
  auto server = *listener->Accept();
  EXPECT_EQ(server->RemoteAddr().ToString(), Path("c"));
  EXPECT_EQ(client->LocalAddr().ToString(), Path("c"));
}

// F-121.
TEST_F(UnixTest, AbstractNames) {
  const std::string name = absl::StrCat("@unix_test.", getpid());
  auto listener = *unix_->Listen("unix", name);
  EXPECT_EQ(listener->Address().ToString(), name);
  EXPECT_TRUE(unix_->Dial("unix", name).ok());
  ExpectError(
      unix_->Listen("unix", name).status(), Code::kAlreadyExists,
      absl::StrCat("listen unix ", name, ": bind: address already in use"));
  EXPECT_TRUE(listener->Close().ok());
  ExpectError(
      unix_->Dial("unix", name).status(), Code::kUnavailable,
      absl::StrCat("dial unix ", name, ": connect: connection refused"));
}

// F-122.
TEST_F(UnixTest, Autobind) {
  auto listener = *unix_->Listen("unix", "");
  const std::string name = listener->Address().ToString();
  EXPECT_EQ(name.size(), 6u);
  EXPECT_EQ(name[0], '@');
  EXPECT_TRUE(unix_->Dial("unix", name).ok());
}

TEST_F(UnixTest, AbstractNameWithANulIsOneName) {
  const std::string name =
      absl::StrCat("@unix_test.", getpid(), std::string("\0x", 2));
  auto listener = *unix_->Listen("unix", name);
  EXPECT_EQ(listener->Address().name(), name);
  EXPECT_TRUE(unix_->Dial("unix", listener->Address().ToString()).ok());
}

TEST_F(UnixTest, PeerCredentials) {
  for (const char* network : {"unix", "unixpacket"}) {
    auto listener = *unix_->Listen(network, Path("s"));
    auto client = *unix_->Dial(network, Path("s"));
    auto server = *listener->Accept();
    for (Conn* conn : {client.get(), server.get()}) {
      auto* peer = Extension<PeerCredentials>(*conn);
      ASSERT_NE(peer, nullptr);
      const Credentials credentials = *peer->GetPeerCredentials();
      EXPECT_EQ(credentials.pid, getpid());
      EXPECT_EQ(credentials.uid, static_cast<int64_t>(geteuid()));
      EXPECT_EQ(credentials.gid, static_cast<int64_t>(getegid()));
    }
    EXPECT_TRUE(client->Close().ok());
    ExpectError(
        Extension<PeerCredentials>(*client)->GetPeerCredentials().status(),
        Code::kCancelled,
        absl::StrCat("get ", network, " @->", Path("s"),
                     ": use of closed network connection"));
  }
}

// S-UX-14.
TEST_F(UnixTest, DatagramsThereAndBack) {
  auto server = *unix_->ListenPacket("unixgram", Path("s"));
  DialOptions options;
  options.local_address = "";  // one that the kernel chooses
  auto client = *unix_->Dial("unixgram", Path("s"), options);
  ASSERT_TRUE(client->Write("ping").ok());
  const Received got = *server->ReadFrom(absl::MakeSpan(buffer_));
  EXPECT_EQ(got.size, 4u);
  EXPECT_EQ(got.from, client->LocalAddr());
  ASSERT_TRUE(server->WriteTo("pong", got.from).ok());
  EXPECT_EQ(*client->Read(absl::MakeSpan(buffer_)), 4u);
}

TEST_F(UnixTest, UnnamedSenderHasNoAddress) {
  auto server = *unix_->ListenPacket("unixgram", Path("s"));
  auto client = *unix_->Dial("unixgram", Path("s"));
  EXPECT_EQ(client->LocalAddr(), Addr::Unnamed("unixgram"));
  ASSERT_TRUE(client->Write("x").ok());
  EXPECT_FALSE(server->ReadFrom(absl::MakeSpan(buffer_))->from.has_value());
}

// S-UX-04, S-UD-06.
TEST_F(UnixTest, DatagramErrors) {
  auto packets = *unix_->ListenPacket("unixgram", Path("s"));
  const std::string self = absl::StrCat("write unixgram ", Path("s"));
  ExpectError(packets->WriteTo("x", Addr()), Code::kInvalidArgument,
              absl::StrCat(self, ": missing address"));
  ExpectError(
      packets->WriteTo("x", Addr::Named("unix", "@x")), Code::kInvalidArgument,
      absl::StrCat(self, "->@x: address family not supported by protocol"));
  ExpectError(packets->WriteTo("x", Addr::Named("unixgram", Path("none"))),
              Code::kNotFound,
              absl::StrCat(self, "->", Path("none"),
                           ": sendto: no such file or directory"));
  auto* traits = Extension<MessageTraits>(*packets);
  EXPECT_TRUE(traits->EmptyMessages());
  ExpectError(
      packets->WriteTo(std::string(traits->MaxMessageSize() + 1, 'x'),
                       packets->LocalAddr()),
      Code::kInvalidArgument,
      absl::StrCat(self, "->", Path("s"), ": sendto: message too long"));
  EXPECT_TRUE(packets
                  ->WriteTo(std::string(traits->MaxMessageSize(), 'x'),
                            packets->LocalAddr())
                  .ok());
}

// S-UX-09, S-EOF-04.
TEST_F(UnixTest, MessagesOfAConnection) {
  auto listener = *unix_->Listen("unixpacket", Path("s"));
  auto client = *unix_->Dial("unixpacket", Path("s"));
  auto server = *listener->Accept();
  ASSERT_TRUE(client->Write("one").ok());
  ASSERT_TRUE(client->Write("two").ok());
  EXPECT_EQ(*server->Read(absl::MakeSpan(buffer_)), 3u);
  ExpectError(server->Read(absl::MakeSpan(buffer_, 2)).status(),
              Code::kInvalidArgument,
              absl::StrCat("read unixpacket ", Path("s"),
                           "->@: read: message too long"));
  ASSERT_TRUE(client->CloseWrite().ok());
  EXPECT_TRUE(IsEof(server->Read(absl::MakeSpan(buffer_)).status()));
  ASSERT_TRUE(server->Write("still").ok());
  EXPECT_EQ(*client->Read(absl::MakeSpan(buffer_)), 5u);
}

}  // namespace
}  // namespace plumb
