#include "backends/ip/ip.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/ip/ip_fixture_for_test.h"
#include "backends/posix/socket.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/registry.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// F-110, F-111, F-113.
TEST_F(IpTest, ThereAndBackWithoutHeaders) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  EXPECT_EQ(conn->LocalAddr().ToString(), "127.0.0.3");
  EXPECT_EQ(conn->RemoteAddr().ToString(), "127.0.0.2");
  EXPECT_EQ(conn->RemoteAddr(), packets->LocalAddr());
  EXPECT_EQ(conn->LocalAddr().network(), "ip");
  ASSERT_TRUE(conn->Write("ping").ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from), "ping");
  EXPECT_EQ(from, conn->LocalAddr());
  ASSERT_TRUE(packets->WriteTo("pong", from).ok());
  EXPECT_EQ(Read(*conn), "pong");
}

TEST_F(IpTest, BufferNeedsNoRoomForTheHeader) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  ASSERT_TRUE(conn->Write("ping").ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from, 4), "ping");
  ASSERT_TRUE(packets->WriteTo("pong", from).ok());
  EXPECT_EQ(Read(*conn, 4), "pong");
}

TEST_F(IpTest, ShortBuffers) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  ASSERT_TRUE(conn->Write("abcdef").ok());
  char buffer[4] = {};
  const absl::StatusOr<Received> received =
      packets->ReadFrom(absl::MakeSpan(buffer, 3));
  ASSERT_TRUE(received.ok());
  EXPECT_EQ(received->size, 3);
  EXPECT_EQ(received->full_size, 6);
  EXPECT_STREQ(buffer, "abc");
  ASSERT_TRUE(packets->WriteTo("ABCDEF", received->from).ok());
  const absl::Status cut = conn->Read(absl::MakeSpan(buffer, 3)).status();
  ExpectError(cut, Code::kInvalidArgument,
              "read ip4:253 127.0.0.3->127.0.0.2: read: message too long");
  EXPECT_EQ(BytesDone(cut), 6);
  EXPECT_STREQ(buffer, "ABC");
}

// The header is longer with options; for every size of the buffer around them.
TEST_F(IpTest, StripsOptionsOfTheHeader) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  constexpr size_t kOptions = 8;
  const char options[kOptions] = {1, 1, 1, 1, 1, 1, 1, 0};  // no operation, end
  ASSERT_EQ(setsockopt(Extension<NativeHandle>(*conn)->Descriptor(), IPPROTO_IP,
                       IP_OPTIONS, options, kOptions),
            0);
  const std::string data = "0123456789abcdef";
  for (size_t size = 0; size <= 30; ++size) {
    SCOPED_TRACE(size);
    ASSERT_TRUE(conn->Write(data).ok());
    std::string buffer(size, '\0');
    const absl::StatusOr<Received> received =
        packets->ReadFrom(absl::MakeSpan(&buffer[0], size));
    ASSERT_TRUE(received.ok()) << received.status();
    EXPECT_EQ(received->full_size, data.size());
    EXPECT_EQ(buffer.substr(0, received->size), data.substr(0, size));
  }
  ASSERT_TRUE(conn->Write("x").ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from), "x");
  ASSERT_TRUE(conn->Write("").ok());
  EXPECT_EQ(Receive(*packets, &from), "");
}

TEST_F(IpTest, EmptyPackets) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  ASSERT_TRUE(conn->Write("").ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from), "");
  ASSERT_TRUE(packets->WriteTo("", from).ok());
  char none;
  EXPECT_EQ(*conn->Read(absl::MakeSpan(&none, 0)), 0);  // consumes nothing
  EXPECT_EQ(Read(*conn), "");
}

TEST_F(IpTest, OverIpv6) {
  const auto packets = Packets("ip6:253", "::1");
  EXPECT_EQ(packets->LocalAddr().ToString(), "::1");
  const auto conn = ip_->Dial("ip:253", "::1");
  ASSERT_TRUE(conn.ok()) << conn.status();
  EXPECT_EQ((*conn)->RemoteAddr(), packets->LocalAddr());
  ASSERT_TRUE((*conn)->Write("ping").ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from), "ping");
  EXPECT_EQ(from, (*conn)->LocalAddr());
  ASSERT_TRUE(packets->WriteTo("pong", from).ok());
  EXPECT_EQ(Read(**conn), "ping");  // at ::1 it hears itself
  EXPECT_EQ(Read(**conn), "pong");
}

// The kernel answers.
TEST_F(IpTest, Ping) {
  const auto conn = Dial("ip4:icmp", "127.0.0.2", "127.0.0.3");
  // Type, code, checksum, identifier, sequence number (RFC 792).
  const char request[8] = {
      8, 0, static_cast<char>(0xf7), static_cast<char>(0xfd), 0, 1, 0, 1};
  ASSERT_TRUE(conn->Write(absl::string_view(request, 8)).ok());
  const std::string reply = Read(*conn);
  ASSERT_EQ(reply.size(), 8);
  EXPECT_EQ(reply[0], 0);
  EXPECT_EQ(reply.substr(4), absl::string_view(request + 4, 4));
}

TEST_F(IpTest, ProtocolsByNumberAndName) {
  for (const char* network : {"ip4:1", "ip4:ICMP", "ip:icmp"}) {
    EXPECT_EQ(Packets(network, "")->LocalAddr().ToString(), "0.0.0.0");
  }
  for (const char* network : {"ip6:58", "ip6:IPv6-ICMP"}) {
    EXPECT_EQ(Packets(network, "")->LocalAddr().ToString(), "::");
  }
}

TEST_F(IpTest, LongestPackets) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  EXPECT_EQ(Extension<MessageTraits>(*conn)->MaxMessageSize(), 65515);
  EXPECT_EQ(Extension<MessageTraits>(*packets)->MaxMessageSize(), 65515);
  EXPECT_TRUE(Extension<MessageTraits>(*conn)->EmptyMessages());
  const std::string longest(65515, 'x');
  ASSERT_TRUE(conn->Write(longest).ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from, 65515), longest);
  ExpectError(conn->Write(longest + "x"), Code::kInvalidArgument,
              "write ip4:253 127.0.0.3->127.0.0.2: write: message too long");
  ExpectError(packets->WriteTo(longest + "x", from), Code::kInvalidArgument,
              "write ip4:253 127.0.0.2->127.0.0.3: sendto: message too long");

  const auto v6 = Packets("ip6:253", "::1");
  EXPECT_EQ(Extension<MessageTraits>(*v6)->MaxMessageSize(), 65535);
  const std::string longest_v6(65535, 'x');
  ASSERT_TRUE(v6->WriteTo(longest_v6, v6->LocalAddr()).ok());
  EXPECT_EQ(Receive(*v6, &from, 65535), longest_v6);
}

TEST_F(IpTest, Deadlines) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  ASSERT_TRUE(packets->WriteTo("queued", conn->LocalAddr()).ok());
  ASSERT_TRUE(conn->SetDeadline(absl::UnixEpoch()).ok());
  ASSERT_TRUE(packets->SetDeadline(absl::UnixEpoch()).ok());
  EXPECT_EQ(Read(*conn), "read ip4:253 127.0.0.3->127.0.0.2: i/o timeout");
  Addr from;
  EXPECT_EQ(Receive(*packets, &from), "read ip4:253 127.0.0.2: i/o timeout");
  ASSERT_TRUE(conn->SetDeadline(absl::InfiniteFuture()).ok());
  EXPECT_EQ(Read(*conn), "queued");
}

TEST_F(IpTest, CloseEndsBlockedReads) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  std::thread reader([&conn] {
    EXPECT_EQ(Read(*conn),
              "read ip4:253 127.0.0.3->127.0.0.2: use of closed network "
              "connection");
  });
  std::thread receiver([&packets] {
    Addr from;
    EXPECT_EQ(Receive(*packets, &from),
              "read ip4:253 127.0.0.2: use of closed network connection");
  });
  EXPECT_TRUE(WaitUntilBlocked(*conn, 1, Direction::kRead));
  EXPECT_TRUE(WaitUntilBlocked(*packets, 1, Direction::kRead));
  ASSERT_TRUE(conn->Close().ok());
  ASSERT_TRUE(packets->Close().ok());
  reader.join();
  receiver.join();
  ExpectError(conn->CloseWrite(), Code::kCancelled,
              "close ip4:253 127.0.0.3->127.0.0.2: use of closed network "
              "connection");
}

// S-SO-02.
TEST_F(IpTest, SocketOptions) {
  ListenOptions options;
  options.receive_buffer = 30000;
  const auto packets = ip_->ListenPacket(kNetwork, "127.0.0.2", options);
  ASSERT_TRUE(packets.ok());
  const int fd = Extension<NativeHandle>(**packets)->Descriptor();
  EXPECT_EQ(*GetIntOption(fd, SOL_SOCKET, SO_BROADCAST), 1);
  EXPECT_EQ(*GetIntOption(fd, SOL_SOCKET, SO_RCVBUF), 60000);
}

TEST_F(IpTest, RegistersAllThreeNetworksOnce) {
  Registry registry;
  ASSERT_TRUE(RegisterIp(registry).ok());
  EXPECT_EQ(registry.Names(), (std::vector<std::string>{"ip", "ip4", "ip6"}));
  ExpectError(RegisterIp(registry), Code::kAlreadyExists,
              "register ip: network already registered");
  EXPECT_TRUE(registry.ListenPacket("ip4:icmp", "127.0.0.1").ok());
}

}  // namespace
}  // namespace plumb
