// What the conformance suite does not ask of multicast: it runs in a network of
// the test's own.

#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/ip/interface_for_test.h"
#include "backends/udp/udp.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/extension.h"
#include "transport/ip_addr.h"
#include "transport/multicast.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

const IpAddr kGroup = IpAddr::V4(239, 1, 2, 3);

class UdpMulticastTest : public testing::Test {
 protected:
  std::unique_ptr<PacketConn> Packets(absl::string_view network,
                                      absl::string_view address) {
    auto packets = udp_->ListenPacket(network, address);
    EXPECT_TRUE(packets.ok()) << packets.status();
    return *std::move(packets);
  }
  static MulticastControl& Control(PacketConn& packets) {
    return *Extension<MulticastControl>(packets);
  }
  std::string Receive(PacketConn& packets) {
    auto got = packets.ReadFrom(absl::MakeSpan(buffer_));
    EXPECT_TRUE(got.ok()) << got.status();
    return got.ok() ? std::string(buffer_, got->size) : "";
  }

  const std::shared_ptr<Transport> udp_ = MakeUdp();
  char buffer_[64];
};

// A socket for both families is a member of groups of both.
TEST_F(UdpMulticastTest, ADualStackSocketCanJoin) {
  auto packets = Packets("udp", ":0");
  ASSERT_TRUE(packets->LocalAddr().ip().is_v6());
  const IpAddr v6 = *IpAddr::Parse("ff02::114");
  ASSERT_TRUE(Control(*packets).JoinGroup(kGroup, "lo").ok());
  ASSERT_TRUE(Control(*packets).JoinGroup(v6, "lo").ok());
  const uint16_t port = packets->LocalAddr().port();
  ASSERT_TRUE(RouteIpv6MulticastThrough("lo"));
  auto sender = Packets("udp", ":0");
  ASSERT_TRUE(Control(*sender).SetMulticastInterface("lo").ok());
  ASSERT_TRUE(sender->WriteTo("v4", Addr::Udp(kGroup, port)).ok());
  EXPECT_EQ(Receive(*packets), "v4");
  ASSERT_TRUE(sender->WriteTo("v6", Addr::Udp(v6, port)).ok());
  EXPECT_EQ(Receive(*packets), "v6");
  EXPECT_TRUE(Control(*packets).LeaveGroup(v6, "lo").ok());
}

// Whether the interface is a member of the IPv6 group, as the kernel says.
bool LoopbackIsMember(absl::string_view hex) {
  std::ifstream groups("/proc/self/net/igmp6");
  for (std::string line; std::getline(groups, line);) {
    if (absl::StrContains(line, "lo ") && absl::StrContains(line, hex)) {
      return true;
    }
  }
  return false;
}

TEST_F(UdpMulticastTest, GroupsOfIpv6) {
  constexpr char kHex[] = "ff020000000000000000000000000114";
  auto packets = Packets("udp6", "[ff02::114]:0");
  const IpAddr group = *IpAddr::Parse("ff02::114");
  EXPECT_FALSE(LoopbackIsMember(kHex));
  ASSERT_TRUE(Control(*packets).JoinGroup(group, "lo").ok());
  EXPECT_TRUE(LoopbackIsMember(kHex));
  ASSERT_TRUE(Control(*packets).LeaveGroup(group, "lo").ok());
  EXPECT_FALSE(LoopbackIsMember(kHex));
  // The zone of an address is as good.
  ASSERT_TRUE(Control(*packets).JoinGroup(group.WithZone(1), "").ok());
  EXPECT_TRUE(LoopbackIsMember(kHex));
  ASSERT_TRUE(packets->Close().ok());
  EXPECT_FALSE(LoopbackIsMember(kHex));
}

// No route to the group, and no interface told.
TEST_F(UdpMulticastTest, ThereMustBeARoute) {
  const auto sender = Packets("udp4", ":0");
  const absl::Status status = sender->WriteTo("x", Addr::Udp(kGroup, 9));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(),
            absl::StrCat("write udp4 ", sender->LocalAddr().ToString(),
                         "->239.1.2.3:9: sendto: network is unreachable"));
}

}  // namespace
}  // namespace plumb
