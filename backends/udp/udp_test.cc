#include "backends/udp/udp.h"

#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/socket.h"
#include "backends/udp/udp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/ip_addr.h"
#include "transport/packet_conn.h"
#include "transport/registry.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(UdpTest, ThereAndBack) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const auto conn = Dial("udp", packets->LocalAddr().ToString());
  ASSERT_TRUE(conn->Write("ping").ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from), "ping");
  EXPECT_EQ(from, conn->LocalAddr());
  EXPECT_EQ(from.network(), "udp");
  EXPECT_EQ(conn->RemoteAddr(), packets->LocalAddr());
  ASSERT_TRUE(packets->WriteTo("pong", from).ok());
  EXPECT_EQ(Read(*conn), "pong");
}

TEST_F(UdpTest, OverIpv6) {
  const auto packets = Packets("udp6", "[::1]:0");
  const auto conn = Dial("udp", packets->LocalAddr().ToString());
  ASSERT_TRUE(conn->Write("ping").ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from), "ping");
  EXPECT_EQ(from, conn->LocalAddr());
  EXPECT_EQ(from.ip(), IpAddr::LoopbackV6());
}

TEST_F(UdpTest, PiecesAreOneDatagram) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const auto conn = Dial("udp", packets->LocalAddr().ToString());
  const absl::string_view pieces[] = {"ab", "", "c"};
  ASSERT_TRUE(conn->Write(absl::MakeConstSpan(pieces)).ok());
  EXPECT_EQ(Receive(*packets), "abc");
}

// S-EOF-03, S-RW-05, S-RW-06.
TEST_F(UdpTest, EmptyDatagrams) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const auto conn = Dial("udp", packets->LocalAddr().ToString());
  ASSERT_TRUE(conn->Write("").ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from), "");
  ASSERT_TRUE(packets->WriteTo("", from).ok());
  ASSERT_TRUE(packets->WriteTo("data", from).ok());
  char buffer[10];
  EXPECT_EQ(*conn->Read(absl::MakeSpan(buffer)), 0);
  EXPECT_EQ(*conn->Read(absl::Span<char>()), 0);  // consumes nothing
  EXPECT_EQ(Read(*conn), "data");
}

// S-UD-05.
TEST_F(UdpTest, ReadFromIntoNothingConsumes) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const auto conn = Dial("udp", packets->LocalAddr().ToString());
  ASSERT_TRUE(conn->Write("lost").ok());
  ASSERT_TRUE(conn->Write("kept").ok());
  const absl::StatusOr<Received> received =
      packets->ReadFrom(absl::Span<char>());
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->size, 0);
  EXPECT_EQ(received->full_size, 4);
  EXPECT_TRUE(received->truncated());
  EXPECT_EQ(received->from, conn->LocalAddr());
  EXPECT_EQ(Receive(*packets), "kept");
}

// S-UD-01, and that it is said.
TEST_F(UdpTest, ShortBuffers) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const auto conn = Dial("udp", packets->LocalAddr().ToString());
  ASSERT_TRUE(conn->Write("abcdef").ok());
  char buffer[4] = {};
  const absl::StatusOr<Received> received =
      packets->ReadFrom(absl::MakeSpan(buffer, 3));
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->size, 3);
  EXPECT_EQ(received->full_size, 6);
  EXPECT_STREQ(buffer, "abc");

  ASSERT_TRUE(packets->WriteTo("ABCDEF", conn->LocalAddr()).ok());
  const absl::Status cut = conn->Read(absl::MakeSpan(buffer, 3)).status();
  ExpectError(
      cut, Code::kInvalidArgument,
      absl::StrCat("read udp ", EndsOf(*conn), ": read: message too long"));
  EXPECT_EQ(BytesDone(cut), 6);
  EXPECT_STREQ(buffer, "ABC");
  ASSERT_TRUE(packets->WriteTo("next", conn->LocalAddr()).ok());
  EXPECT_EQ(Read(*conn), "next");
}

// S-UD-02.
TEST_F(UdpTest, LongestDatagrams) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const auto conn = Dial("udp", packets->LocalAddr().ToString());
  auto* const traits = Extension<MessageTraits>(*conn);
  ASSERT_NE(traits, nullptr);
  EXPECT_EQ(traits->MaxMessageSize(), 65507);
  EXPECT_TRUE(traits->EmptyMessages());
  EXPECT_EQ(Extension<MessageTraits>(*packets)->MaxMessageSize(), 65507);

  const std::string longest(65507, 'x');
  ASSERT_TRUE(conn->Write(longest).ok());
  std::string buffer(70000, '\0');
  EXPECT_EQ(packets->ReadFrom(absl::MakeSpan(&buffer[0], buffer.size()))->size,
            65507);
  ExpectError(
      conn->Write(longest + "x"), Code::kInvalidArgument,
      absl::StrCat("write udp ", EndsOf(*conn), ": write: message too long"));
  ExpectError(
      packets->WriteTo(longest + "x", conn->LocalAddr()),
      Code::kInvalidArgument,
      absl::StrCat("write udp ", packets->LocalAddr().ToString(), "->",
                   conn->LocalAddr().ToString(), ": sendto: message too long"));

  const auto v6 = Packets("udp", "[::1]:0");
  EXPECT_EQ(Extension<MessageTraits>(*v6)->MaxMessageSize(), 65527);
  const auto v6_conn = Dial("udp", v6->LocalAddr().ToString());
  EXPECT_EQ(Extension<MessageTraits>(*v6_conn)->MaxMessageSize(), 65527);
  const auto both = Packets("udp", ":0");
  EXPECT_EQ(Extension<MessageTraits>(*both)->MaxMessageSize(), 65507);
  ASSERT_TRUE(v6_conn->Write(std::string(65527, 'x')).ok());
  EXPECT_EQ(v6->ReadFrom(absl::MakeSpan(&buffer[0], buffer.size()))->size,
            65527);
}

// S-UD-03, S-DI-14.
TEST_F(UdpTest, RefusalShowsLater) {
  const std::string closed =
      Packets("udp", "127.0.0.1:0")->LocalAddr().ToString();
  const auto conn = Dial("udp", closed);
  ASSERT_TRUE(conn->Write("x").ok());
  char buffer[10];
  const absl::Status refused = conn->Read(absl::MakeSpan(buffer)).status();
  ExpectError(
      refused, Code::kUnavailable,
      absl::StrCat("read udp ", EndsOf(*conn), ": read: connection refused"));
  EXPECT_TRUE(IsRefused(refused));
}

TEST_F(UdpTest, ConnHearsItsPeerOnly) {
  const auto peer = Packets("udp", "127.0.0.1:0");
  const auto other = Packets("udp", "127.0.0.1:0");
  const auto conn = Dial("udp", peer->LocalAddr().ToString());
  ASSERT_TRUE(other->WriteTo("wrong", conn->LocalAddr()).ok());
  ASSERT_TRUE(peer->WriteTo("right", conn->LocalAddr()).ok());
  EXPECT_EQ(Read(*conn), "right");
}

TEST_F(UdpTest, CloseWriteIsNotSupported) {
  const auto conn = Dial("udp", "127.0.0.1:9");
  const absl::Status status = conn->CloseWrite();
  ExpectError(
      status, Code::kUnimplemented,
      absl::StrCat("close udp ", EndsOf(*conn), ": CloseWrite not supported"));
  EXPECT_TRUE(IsUnsupported(status));
}

TEST_F(UdpTest, Closed) {
  const auto conn = Dial("udp", "127.0.0.1:9");
  const auto packets = Packets("udp", "127.0.0.1:0");
  const std::string ends = EndsOf(*conn);
  const std::string local = packets->LocalAddr().ToString();
  ASSERT_TRUE(conn->Close().ok());
  ASSERT_TRUE(packets->Close().ok());
  constexpr char kClosed[] = ": use of closed network connection";
  char buffer[10];
  ExpectError(conn->Close(), Code::kCancelled,
              absl::StrCat("close udp ", ends, kClosed));
  ExpectError(conn->Read(absl::MakeSpan(buffer)).status(), Code::kCancelled,
              absl::StrCat("read udp ", ends, kClosed));
  ExpectError(packets->Close(), Code::kCancelled,
              absl::StrCat("close udp ", local, kClosed));
  ExpectError(packets->ReadFrom(absl::MakeSpan(buffer)).status(),
              Code::kCancelled, absl::StrCat("read udp ", local, kClosed));
  EXPECT_EQ(packets->LocalAddr().ToString(), local);
  EXPECT_EQ(EndsOf(*conn), ends);
}

TEST_F(UdpTest, Deadlines) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const auto conn = Dial("udp", packets->LocalAddr().ToString());
  ASSERT_TRUE(packets->WriteTo("queued", conn->LocalAddr()).ok());
  ASSERT_TRUE(conn->SetDeadline(absl::UnixEpoch()).ok());
  ExpectError(conn->Write("x"), Code::kDeadlineExceeded,
              absl::StrCat("write udp ", EndsOf(*conn), ": i/o timeout"));
  EXPECT_EQ(Read(*conn),
            absl::StrCat("read udp ", EndsOf(*conn), ": i/o timeout"));
  ASSERT_TRUE(conn->SetDeadline(absl::InfiniteFuture()).ok());
  EXPECT_EQ(Read(*conn), "queued");
  ASSERT_TRUE(packets->SetDeadline(absl::UnixEpoch()).ok());
  EXPECT_EQ(Receive(*packets),
            absl::StrCat("read udp ", packets->LocalAddr().ToString(),
                         ": i/o timeout"));
}

// S-UD-06: TestUDPReadTimeout.
TEST_F(UdpTest, BlockedReadFromTimesOut) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  ASSERT_TRUE(
      packets->SetReadDeadline(absl::Now() + absl::Milliseconds(5)).ok());
  EXPECT_EQ(Receive(*packets),
            absl::StrCat("read udp ", packets->LocalAddr().ToString(),
                         ": i/o timeout"));
}

TEST_F(UdpTest, Batches) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const auto sender = Packets("udp", "127.0.0.1:0");
  std::vector<OutPacket> out;
  const std::string data = "0123456789";
  for (size_t i = 0; i < data.size(); ++i) {
    out.push_back({absl::string_view(data).substr(i, 1), packets->LocalAddr()});
  }
  EXPECT_EQ(*sender->WriteBatch(out), data.size());
  std::string got;
  while (got.size() < data.size()) {
    char bytes[4] = {};
    InPacket in[4];
    for (size_t i = 0; i < 4; ++i) {
      in[i].buffer = absl::MakeSpan(&bytes[i], 1);
    }
    const absl::StatusOr<size_t> n = packets->ReadBatch(absl::MakeSpan(in));
    ASSERT_TRUE(n.ok()) << n.status();
    for (size_t i = 0; i < *n; ++i) {
      EXPECT_EQ(in[i].received.from, sender->LocalAddr());
      got.push_back(bytes[i]);
    }
  }
  EXPECT_EQ(got, data);
  EXPECT_EQ(*packets->ReadBatch({}), 0);
  EXPECT_EQ(*packets->WriteBatch({}), 0);
}

// S-SO-02.
TEST_F(UdpTest, BroadcastIsAllowed) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const auto conn = Dial("udp", "127.0.0.1:9");
  const int descriptors[] = {
      Extension<NativeHandle>(*packets)->Descriptor(),
      Extension<NativeHandle>(*conn)->Descriptor(),
  };
  for (int fd : descriptors) {
    EXPECT_EQ(*GetIntOption(fd, SOL_SOCKET, SO_BROADCAST), 1);
  }
}

TEST(RegisterUdpTest, RegistersAllThreeNetworksOnce) {
  Registry registry;
  ASSERT_TRUE(RegisterUdp(registry).ok());
  EXPECT_EQ(registry.Names(),
            (std::vector<std::string>{"udp", "udp4", "udp6"}));
  ExpectError(RegisterUdp(registry), Code::kAlreadyExists,
              "register udp: network already registered");
  EXPECT_TRUE(registry.ListenPacket("udp4", "127.0.0.1:0").ok());
}

}  // namespace
}  // namespace plumb
