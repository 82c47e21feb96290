#include "backends/ip/ip.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/ip/private_network_for_test.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "backends/posix/socket.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/no_descriptors_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/ip_addr.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/registry.h"
#include "transport/transport.h"

namespace {

// Which recvmsg from now on fails with ENOMEM, and takes nothing; 0 for none.
std::atomic<int> failing_receive{0};

}  // namespace

// In place of the C library's.
extern "C" ssize_t recvmsg(int fd, msghdr* message, int flags) {
  if (failing_receive > 0 && --failing_receive == 0) {
    errno = ENOMEM;
    return -1;
  }
  return syscall(SYS_recvmsg, fd, message, flags);
}

namespace plumb {
namespace {

using Code = absl::StatusCode;

// Protocol 253 is for experiments (RFC 3692): nobody else answers to it.
// Between 127.0.0.2 and 127.0.0.3, as at 127.0.0.1 a socket hears itself.
constexpr char kNetwork[] = "ip4:253";

class IpTest : public testing::Test {
 protected:
  ~IpTest() override { EXPECT_EQ(OpenDescriptors(), before_); }

  std::unique_ptr<PacketConn> Packets(absl::string_view network,
                                      absl::string_view address) {
    absl::StatusOr<std::unique_ptr<PacketConn>> packets =
        ip_->ListenPacket(network, address);
    EXPECT_TRUE(packets.ok()) << packets.status();
    return packets.ok() ? *std::move(packets) : nullptr;
  }

  std::unique_ptr<Conn> Dial(absl::string_view network,
                             absl::string_view address,
                             const std::string& local_address) {
    DialOptions options;
    options.local_address = local_address;
    absl::StatusOr<std::unique_ptr<Conn>> conn =
        ip_->Dial(network, address, options);
    EXPECT_TRUE(conn.ok()) << conn.status();
    return conn.ok() ? *std::move(conn) : nullptr;
  }

  static std::string Read(Conn& conn, size_t size = 100) {
    std::string buffer(size, '\0');
    const absl::StatusOr<size_t> n =
        conn.Read(absl::MakeSpan(&buffer[0], size));
    return n.ok() ? buffer.substr(0, *n) : std::string(n.status().message());
  }

  static std::string Receive(PacketConn& packets, Addr* from,
                             size_t size = 100) {
    std::string buffer(size, '\0');
    const absl::StatusOr<Received> received =
        packets.ReadFrom(absl::MakeSpan(&buffer[0], size));
    if (!received.ok()) return std::string(received.status().message());
    *from = received->from;
    return buffer.substr(0, received->size);
  }

  const OpenDescriptors before_;
  const std::shared_ptr<Transport> ip_ = MakeIp();
};

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

TEST_F(IpTest, Batches) {
  const auto packets = Packets(kNetwork, "127.0.0.2");
  const auto sender = Packets(kNetwork, "127.0.0.3");
  const OutPacket out[] = {{"one", packets->LocalAddr()},
                           {"two", packets->LocalAddr()},
                           {"three", packets->LocalAddr()}};
  EXPECT_EQ(*sender->WriteBatch(absl::MakeConstSpan(out)), 3);
  char buffers[5][10];
  InPacket in[5];
  for (size_t i = 0; i < 5; ++i) in[i].buffer = absl::MakeSpan(buffers[i]);
  ASSERT_EQ(*packets->ReadBatch(absl::MakeSpan(in)), 3);
  EXPECT_EQ(std::string(buffers[2], in[2].received.size), "three");
  EXPECT_EQ(in[2].received.from, sender->LocalAddr());
  EXPECT_EQ(*packets->ReadBatch({}), 0);
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

TEST_F(IpTest, WhatItCannotDo) {
  ExpectError(ip_->Listen("ip4:icmp", "127.0.0.1").status(),
              Code::kUnimplemented,
              "listen ip4:icmp 127.0.0.1: address 127.0.0.1: unexpected "
              "address type");
  const auto conn = Dial(kNetwork, "127.0.0.2", "127.0.0.3");
  ExpectError(conn->CloseWrite(), Code::kUnimplemented,
              "close ip4:253 127.0.0.3->127.0.0.2: CloseWrite not supported");
  DialOptions options;
  options.no_delay = true;
  ExpectError(ip_->Dial(kNetwork, "127.0.0.1", options).status(),
              Code::kUnimplemented,
              "dial ip4:253: option no_delay not supported");
  ListenOptions listen;
  listen.reuse_port = true;
  ExpectError(ip_->ListenPacket(kNetwork, "127.0.0.1", listen).status(),
              Code::kUnimplemented,
              "listen ip4:253: option reuse_port not supported");
}

TEST_F(IpTest, BadInput) {
  const struct {
    const char* network;
    const char* address;
    Code code;
    const char* cause;  // after "dial NETWORK: " and "listen NETWORK: "
  } kCases[] = {
      {"ip", "127.0.0.1", Code::kInvalidArgument, "unknown network ip"},
      {"ip4", "127.0.0.1", Code::kInvalidArgument, "unknown network ip4"},
      {"ip5:icmp", "127.0.0.1", Code::kInvalidArgument,
       "unknown network ip5:icmp"},
      {"ip:icmp2", "127.0.0.1", Code::kInvalidArgument,
       "address icmp2: unknown IP protocol specified"},
      {"ip:256", "127.0.0.1", Code::kInvalidArgument,
       "address 256: unknown IP protocol specified"},
      {"ip:", "127.0.0.1", Code::kInvalidArgument,
       "unknown IP protocol specified"},
      {"ip4:icmp", "::1", Code::kInvalidArgument,
       "address ::1: no suitable address found"},
      {"ip6:58", "127.0.0.1", Code::kInvalidArgument,
       "address 127.0.0.1: no suitable address found"},
      {"ip4:icmp", "127.0.0.01", Code::kNotFound,
       "lookup 127.0.0.01: no such host"},
  };
  for (const auto& c : kCases) {
    const std::string where = absl::StrCat(c.network, ": ", c.cause);
    SCOPED_TRACE(where);
    ExpectError(ip_->Dial(c.network, c.address).status(), c.code,
                absl::StrCat("dial ", where));
    ExpectError(ip_->ListenPacket(c.network, c.address).status(), c.code,
                absl::StrCat("listen ", where));
  }
  ExpectError(ip_->Dial("ip4:icmp", "").status(), Code::kInvalidArgument,
              "dial ip4:icmp: missing address");
  ExpectError(ip_->ListenPacket("ip4:icmp", "192.0.2.1").status(),
              Code::kInvalidArgument,
              "listen ip4:icmp 192.0.2.1: bind: cannot assign requested "
              "address");
  const auto packets = Packets(kNetwork, "127.0.0.2");
  ExpectError(packets->WriteTo("x", Addr::RawIp(IpAddr::LoopbackV6())),
              Code::kInvalidArgument,
              "write ip4:253 127.0.0.2->::1: address ::1: non-IPv4 address");
}

TEST_F(IpTest, AnErrorInABatchComesWithTheNext) {
  const auto near = Packets(kNetwork, "127.0.0.2");
  const auto far = Packets(kNetwork, "127.0.0.3");
  for (const char* text : {"one", "three"}) {
    ASSERT_TRUE(far->WriteTo(text, near->LocalAddr()).ok());
  }
  char buffers[2][8];
  InPacket packets[2];
  packets[0].buffer = absl::MakeSpan(buffers[0]);
  packets[1].buffer = absl::MakeSpan(buffers[1]);
  failing_receive = 2;
  EXPECT_EQ(*near->ReadBatch(absl::MakeSpan(packets)), 1u);
  EXPECT_EQ(packets[0].received.size, 3u);
  ExpectError(near->ReadBatch(absl::MakeSpan(packets)).status(),
              Code::kResourceExhausted,
              "read ip4:253 127.0.0.2: recvfrom: cannot allocate memory");
  EXPECT_EQ(*near->ReadBatch(absl::MakeSpan(packets)), 1u);
  EXPECT_EQ(packets[0].received.size, 5u);
}

TEST_F(IpTest, WithoutTheRight) {
  std::thread powerless([this] {
    DropCapabilities();
    absl::Status status = ip_->ListenPacket("ip4:icmp", "127.0.0.1").status();
    ExpectError(status, Code::kPermissionDenied,
                "listen ip4:icmp 127.0.0.1: socket: operation not permitted");
    EXPECT_EQ(GetErrorInfo(status)->detail,
              "raw IP needs the capability CAP_NET_RAW: run as root, or "
              "\"setcap cap_net_raw+ep PROGRAM\"");
    EXPECT_EQ(GetErrorInfo(status)->errno_value, EPERM);
    status = ip_->Dial("ip6:58", "::1").status();
    ExpectError(status, Code::kPermissionDenied,
                "dial ip6:58 ::1: socket: operation not permitted");
    EXPECT_EQ(GetErrorInfo(status)->detail,
              "raw IP needs the capability CAP_NET_RAW: run as root, or "
              "\"setcap cap_net_raw+ep PROGRAM\"");
    EXPECT_EQ(GetErrorInfo(status)->errno_value, EPERM);
  });
  powerless.join();
}

TEST_F(IpTest, OutOfDescriptors) {
  absl::Status dial, listen;
  {
    const NoDescriptors none;
    dial = ip_->Dial("ip4:253", "127.0.0.2").status();
    listen = ip_->ListenPacket("ip6:253", "::1").status();
  }
  ExpectError(dial, Code::kResourceExhausted,
              "dial ip4:253 127.0.0.2: socket: too many open files");
  ExpectError(listen, Code::kResourceExhausted,
              "listen ip6:253 ::1: socket: too many open files");
  EXPECT_EQ(GetErrorInfo(listen)->errno_value, EMFILE);
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
