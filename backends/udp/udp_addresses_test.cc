#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/udp/udp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

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

TEST_F(UdpTest, ResolvesNames) {
  const auto packets = Packets("udp4", "localhost:0");
  EXPECT_EQ(packets->LocalAddr().ip(), IpAddr::LoopbackV4());
  const auto conn =
      Dial("udp4", absl::StrCat("localhost:", packets->LocalAddr().port()));
  ASSERT_TRUE(conn->Write("x").ok());
  EXPECT_EQ(Receive(*packets), "x");
}

}  // namespace
}  // namespace plumb
