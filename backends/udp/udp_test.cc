#include "backends/udp/udp.h"

#include <sys/socket.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/socket.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/no_descriptors_for_test.h"
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
#include "transport/scope.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

class UdpTest : public testing::Test {
 protected:
  std::unique_ptr<Conn> Dial(absl::string_view network,
                             absl::string_view address) {
    absl::StatusOr<std::unique_ptr<Conn>> conn = udp_->Dial(network, address);
    EXPECT_TRUE(conn.ok()) << conn.status();
    return conn.ok() ? *std::move(conn) : nullptr;
  }

  std::unique_ptr<PacketConn> Packets(absl::string_view network,
                                      absl::string_view address) {
    absl::StatusOr<std::unique_ptr<PacketConn>> packets =
        udp_->ListenPacket(network, address);
    EXPECT_TRUE(packets.ok()) << packets.status();
    return packets.ok() ? *std::move(packets) : nullptr;
  }

  // The next datagram and its sender.
  std::string Receive(PacketConn& packets, Addr* from = nullptr) {
    char buffer[100];
    const absl::StatusOr<Received> received =
        packets.ReadFrom(absl::MakeSpan(buffer));
    if (!received.ok()) return std::string(received.status().message());
    if (from != nullptr) *from = received->from;
    return std::string(buffer, received->size);
  }

  std::string Read(Conn& conn) {
    char buffer[100];
    const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
    if (!n.ok()) return std::string(n.status().message());
    return std::string(buffer, *n);
  }

  const std::shared_ptr<Transport> udp_ = MakeUdp();
};

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

// S-UD-04.
TEST_F(UdpTest, Destinations) {
  const auto packets = Packets("udp4", "127.0.0.1:0");
  const std::string local = packets->LocalAddr().ToString();
  ExpectError(packets->WriteTo("x", Addr::Udp(IpAddr::LoopbackV6(), 9)),
              Code::kInvalidArgument,
              absl::StrCat("write udp4 ", local,
                           "->[::1]:9: address ::1: non-IPv4 address"));
  ExpectError(packets->WriteTo("x", Addr()), Code::kInvalidArgument,
              absl::StrCat("write udp4 ", local, ": missing address"));
}

TEST_F(UdpTest, WildcardTakesBothFamilies) {
  const auto packets = Packets("udp", ":0");
  const uint16_t port = packets->LocalAddr().port();
  EXPECT_EQ(packets->LocalAddr().ToString(), absl::StrCat("[::]:", port));
  for (const char* host : {"127.0.0.1", "[::1]"}) {
    const auto conn = Dial("udp", absl::StrCat(host, ":", port));
    ASSERT_TRUE(conn->Write("x").ok());
    Addr from;
    EXPECT_EQ(Receive(*packets, &from), "x");
    EXPECT_EQ(from, conn->LocalAddr());
    ASSERT_TRUE(packets->WriteTo("y", from).ok());
    EXPECT_EQ(Read(*conn), "y");
  }
  // S-AD-04.
  const auto v4 = Packets("udp4", ":0");
  EXPECT_EQ(v4->LocalAddr().ToString(),
            absl::StrCat("0.0.0.0:", v4->LocalAddr().port()));
}

// S-AD-11.
TEST_F(UdpTest, DialsThisMachineWithoutAHost) {
  const auto packets = Packets("udp", ":0");
  const auto conn = Dial("udp", absl::StrCat(":", packets->LocalAddr().port()));
  ASSERT_TRUE(conn->Write("x").ok());
  EXPECT_EQ(Receive(*packets), "x");
}

// S-UD-07.
TEST_F(UdpTest, AddressInUse) {
  const auto first = Packets("udp", "127.0.0.1:0");
  const std::string address = first->LocalAddr().ToString();
  const absl::Status status = udp_->ListenPacket("udp", address).status();
  ExpectError(
      status, Code::kAlreadyExists,
      absl::StrCat("listen udp ", address, ": bind: address already in use"));
  EXPECT_TRUE(IsAddressInUse(status));
  first->Close().IgnoreError();
  EXPECT_TRUE(udp_->ListenPacket("udp", address).ok());
}

TEST_F(UdpTest, ReusePort) {
  ListenOptions options;
  options.reuse_port = true;
  const auto first = udp_->ListenPacket("udp", "127.0.0.1:0", options);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(
      udp_->ListenPacket("udp", (*first)->LocalAddr().ToString(), options)
          .ok());
}

// S-MC-01.
TEST_F(UdpTest, MulticastAddressBindsTheWildcard) {
  const auto first = Packets("udp", "224.0.0.254:0");
  const uint16_t port = first->LocalAddr().port();
  EXPECT_EQ(first->LocalAddr().ToString(), absl::StrCat("0.0.0.0:", port));
  const auto second = Packets("udp4", absl::StrCat("224.0.0.254:", port));
  EXPECT_EQ(second->LocalAddr().ToString(), absl::StrCat("0.0.0.0:", port));
  const auto v6 = Packets("udp6", "[ff02::114]:0");
  EXPECT_EQ(v6->LocalAddr().ToString(),
            absl::StrCat("[::]:", v6->LocalAddr().port()));
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

TEST_F(UdpTest, Buffers) {
  DialOptions dial;
  dial.send_buffer = 10000;
  dial.receive_buffer = 20000;
  const auto conn = udp_->Dial("udp", "127.0.0.1:9", dial);
  ASSERT_TRUE(conn.ok());
  const int fd = Extension<NativeHandle>(**conn)->Descriptor();
  // socket(7): the kernel doubles them.
  EXPECT_EQ(*GetIntOption(fd, SOL_SOCKET, SO_SNDBUF), 20000);
  EXPECT_EQ(*GetIntOption(fd, SOL_SOCKET, SO_RCVBUF), 40000);
  ListenOptions listen;
  listen.receive_buffer = 30000;
  const auto packets = udp_->ListenPacket("udp", "127.0.0.1:0", listen);
  ASSERT_TRUE(packets.ok());
  EXPECT_EQ(*GetIntOption(Extension<NativeHandle>(**packets)->Descriptor(),
                          SOL_SOCKET, SO_RCVBUF),
            60000);
}

TEST_F(UdpTest, LocalAddress) {
  const auto packets = Packets("udp", "127.0.0.1:0");
  const std::string local =
      Packets("udp", "127.0.0.2:0")->LocalAddr().ToString();
  DialOptions options;
  options.local_address = local;
  const auto conn = udp_->Dial("udp", packets->LocalAddr().ToString(), options);
  ASSERT_TRUE(conn.ok()) << conn.status();
  EXPECT_EQ((*conn)->LocalAddr().ToString(), local);
  ASSERT_TRUE((*conn)->Write("x").ok());
  Addr from;
  EXPECT_EQ(Receive(*packets, &from), "x");
  EXPECT_EQ(from.ToString(), local);

  ExpectError(udp_->Dial("udp", "127.0.0.1:9", options).status(),
              Code::kAlreadyExists,
              absl::StrCat("dial udp ", local,
                           "->127.0.0.1:9: bind: address already in use"));
  options.local_address = "[::1]:0";
  ExpectError(udp_->Dial("udp", "127.0.0.1:9", options).status(),
              Code::kInvalidArgument,
              "dial udp: address [::1]:0: no suitable address found");
  options.local_address = "192.0.2.1:0";
  ExpectError(udp_->Dial("udp", "127.0.0.1:9", options).status(),
              Code::kInvalidArgument,
              "dial udp 192.0.2.1:0->127.0.0.1:9: bind: cannot assign "
              "requested address");
}

TEST_F(UdpTest, DialEndsInTime) {
  DialOptions options;
  options.timeout = absl::ZeroDuration();
  ExpectError(udp_->Dial("udp", "127.0.0.1:9", options).status(),
              Code::kDeadlineExceeded, "dial udp 127.0.0.1:9: i/o timeout");
  CancelScope scope;
  scope.Cancel();
  const absl::Status status = udp_->Dial("udp", "127.0.0.1:9").status();
  ExpectError(status, Code::kCancelled,
              "dial udp 127.0.0.1:9: operation was canceled");
  EXPECT_TRUE(IsCancelledCall(status));
}

TEST_F(UdpTest, BadInputToDial) {
  const struct {
    const char* network;
    const char* address;
    Code code;
    const char* text;
  } kCases[] = {
      {"udp", "", Code::kInvalidArgument, "dial udp: missing address"},
      {"udp7", "127.0.0.1:9", Code::kInvalidArgument,
       "dial udp7: unknown network udp7"},
      {"udp", "127.0.0.1", Code::kInvalidArgument,
       "dial udp: address 127.0.0.1: missing port in address"},
      {"udp", "1:2:3", Code::kInvalidArgument,
       "dial udp: address 1:2:3: too many colons in address"},
      {"udp", "127.0.0.1:99999", Code::kInvalidArgument,
       "dial udp: address 99999: invalid port"},
      {"udp", "127.0.0.1:-1", Code::kInvalidArgument,
       "dial udp: address -1: invalid port"},
      {"udp", "127.0.0.1:nosuchsvc", Code::kNotFound,
       "dial udp: lookup udp/nosuchsvc: unknown port"},
      {"udp4", "[::1]:9", Code::kInvalidArgument,
       "dial udp4: address ::1: no suitable address found"},
      {"udp6", "127.0.0.1:9", Code::kInvalidArgument,
       "dial udp6: address 127.0.0.1: no suitable address found"},
      {"udp", "127.0.0.01:9", Code::kNotFound,
       "dial udp: lookup 127.0.0.01: no such host"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(c.network, " ", c.address));
    ExpectError(udp_->Dial(c.network, c.address).status(), c.code, c.text);
  }
}

TEST_F(UdpTest, BadInputToListen) {
  const struct {
    const char* network;
    const char* address;
    Code code;
    const char* text;
  } kCases[] = {
      {"udp7", "127.0.0.1:9", Code::kInvalidArgument,
       "listen udp7: unknown network udp7"},
      {"udp", "127.0.0.1", Code::kInvalidArgument,
       "listen udp: address 127.0.0.1: missing port in address"},
      {"udp", "127.0.0.1:65536", Code::kInvalidArgument,
       "listen udp: address 65536: invalid port"},
      {"udp4", "[::1]:0", Code::kInvalidArgument,
       "listen udp4: address ::1: no suitable address found"},
      {"udp", "127.0.0.01:0", Code::kNotFound,
       "listen udp: lookup 127.0.0.01: no such host"},
      {"udp", "192.0.2.1:0", Code::kInvalidArgument,
       "listen udp 192.0.2.1:0: bind: cannot assign requested address"},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(absl::StrCat(c.network, " ", c.address));
    ExpectError(udp_->ListenPacket(c.network, c.address).status(), c.code,
                c.text);
    ExpectError(udp_->Listen(c.network, c.address).status(), c.code, c.text);
  }
}

TEST_F(UdpTest, OptionsThatItDoesNotHonour) {
  DialOptions dial;
  dial.no_delay = true;
  ExpectError(udp_->Dial("udp", "127.0.0.1:9", dial).status(),
              Code::kUnimplemented, "dial udp: option no_delay not supported");
  ListenOptions listen;
  listen.keep_alive = KeepAlive();
  ExpectError(udp_->Listen("udp", "127.0.0.1:0", listen).status(),
              Code::kUnimplemented,
              "listen udp: option keep_alive not supported");
  listen = ListenOptions();
  listen.backlog = 1;
  ExpectError(udp_->ListenPacket("udp", "127.0.0.1:0", listen).status(),
              Code::kUnimplemented, "listen udp: option backlog not supported");
}

TEST_F(UdpTest, OutOfDescriptors) {
  absl::Status dial, listen, listen_packet;
  {
    const NoDescriptors none;
    dial = udp_->Dial("udp", "127.0.0.1:9").status();
    listen = udp_->Listen("udp", "127.0.0.1:0").status();
    listen_packet = udp_->ListenPacket("udp", "127.0.0.1:0").status();
  }
  constexpr Code kCode = Code::kResourceExhausted;
  constexpr char kListen[] =
      "listen udp 127.0.0.1:0: socket: too many open files";
  ExpectError(dial, kCode, "dial udp 127.0.0.1:9: socket: too many open files");
  ExpectError(listen, kCode, kListen);
  ExpectError(listen_packet, kCode, kListen);
}

TEST_F(UdpTest, ResolvesNames) {
  const auto packets = Packets("udp4", "localhost:0");
  EXPECT_EQ(packets->LocalAddr().ip(), IpAddr::LoopbackV4());
  const auto conn =
      Dial("udp4", absl::StrCat("localhost:", packets->LocalAddr().port()));
  ASSERT_TRUE(conn->Write("x").ok());
  EXPECT_EQ(Receive(*packets), "x");
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
