// Multicast, in a network of the test's own.

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/udp/udp.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/ip_addr.h"
#include "transport/multicast.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

const IpAddr kGroup = IpAddr::V4(239, 1, 2, 3);
const IpAddr kOtherGroup = IpAddr::V4(239, 1, 2, 4);

void Expect(const absl::Status& status, Code code, absl::string_view text) {
  EXPECT_EQ(status.code(), code);
  EXPECT_EQ(status.message(), text);
}

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
  // A socket that sends multicast through the loopback.
  std::unique_ptr<PacketConn> Sender() {
    auto packets = Packets("udp4", ":0");
    EXPECT_TRUE(Control(*packets).SetMulticastInterface("lo").ok());
    return packets;
  }
  std::string Receive(PacketConn& packets) {
    auto got = packets.ReadFrom(absl::MakeSpan(buffer_));
    EXPECT_TRUE(got.ok()) << got.status();
    return got.ok() ? std::string(buffer_, got->size) : "";
  }

  const std::shared_ptr<Transport> udp_ = MakeUdp();
  char buffer_[64];
};

// S-MC-02.
TEST_F(UdpMulticastTest, AMemberReceivesWhatIsSentToTheGroup) {
  for (const char* network : {"udp", "udp4"}) {
    auto first = Packets(network, "239.1.2.3:0");
    const uint16_t port = first->LocalAddr().port();
    auto second = Packets(network, absl::StrCat("239.1.2.3:", port));
    ASSERT_TRUE(Control(*first).JoinGroup(kGroup, "lo").ok());
    ASSERT_TRUE(Control(*second).JoinGroup(kGroup, "1").ok());
    ASSERT_TRUE(Sender()->WriteTo("all", Addr::Udp(kGroup, port)).ok());
    EXPECT_EQ(Receive(*first), "all");
    EXPECT_EQ(Receive(*second), "all");
  }
}

// A socket for both families is a member of groups of both.
TEST_F(UdpMulticastTest, ADualStackSocketCanJoin) {
  auto packets = Packets("udp", ":0");
  ASSERT_TRUE(packets->LocalAddr().ip().is_v6());
  const IpAddr v6 = *IpAddr::Parse("ff02::114");
  ASSERT_TRUE(Control(*packets).JoinGroup(kGroup, "lo").ok());
  ASSERT_TRUE(Control(*packets).JoinGroup(v6, "lo").ok());
  const uint16_t port = packets->LocalAddr().port();
  ASSERT_TRUE(Sender()->WriteTo("v4", Addr::Udp(kGroup, port)).ok());
  EXPECT_EQ(Receive(*packets), "v4");
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

// Others' groups are theirs alone, as are those that were left.
TEST_F(UdpMulticastTest, OnlyItsOwnGroups) {
  auto member = Packets("udp4", ":0");
  const uint16_t port = member->LocalAddr().port();
  auto other = Packets("udp4", "239.1.2.4:0");
  ASSERT_TRUE(Control(*other).JoinGroup(kOtherGroup, "lo").ok());
  ASSERT_TRUE(Control(*member).JoinGroup(kGroup, "lo").ok());
  auto sender = Sender();
  ASSERT_TRUE(sender->WriteTo("other", Addr::Udp(kOtherGroup, port)).ok());
  ASSERT_TRUE(sender->WriteTo("mine", Addr::Udp(kGroup, port)).ok());
  EXPECT_EQ(Receive(*member), "mine");
  ASSERT_TRUE(Control(*member).LeaveGroup(kGroup, "lo").ok());
  ASSERT_TRUE(sender->WriteTo("left", Addr::Udp(kGroup, port)).ok());
  ASSERT_TRUE(
      sender->WriteTo("direct", Addr::Udp(IpAddr::LoopbackV4(), port)).ok());
  EXPECT_EQ(Receive(*member), "direct");
}

TEST_F(UdpMulticastTest, LoopbackAndHops) {
  auto member = Packets("udp4", ":0");
  const uint16_t port = member->LocalAddr().port();
  ASSERT_TRUE(Control(*member).JoinGroup(kGroup, "lo").ok());
  for (const char* network : {"udp", "udp4", "udp6"}) {
    auto packets = Packets(network, ":0");
    EXPECT_TRUE(Control(*packets).SetMulticastLoopback(false).ok());
    EXPECT_TRUE(Control(*packets).SetMulticastLoopback(true).ok());
    EXPECT_TRUE(Control(*packets).SetMulticastHops(0).ok());
    EXPECT_TRUE(Control(*packets).SetMulticastHops(255).ok());
    EXPECT_TRUE(Control(*packets).SetMulticastInterface("").ok());
  }
  auto sender = Sender();
  ASSERT_TRUE(Control(*sender).SetMulticastHops(0).ok());
  ASSERT_TRUE(sender->WriteTo("here", Addr::Udp(kGroup, port)).ok());
  EXPECT_EQ(Receive(*member), "here");
}

TEST_F(UdpMulticastTest, Errors) {
  auto packets = Packets("udp4", "239.1.2.3:0");
  MulticastControl& control = Control(*packets);
  const std::string set =
      absl::StrCat("set udp4 ", packets->LocalAddr().ToString(), ": ");
  Expect(control.JoinGroup(IpAddr::V4(10, 0, 0, 1)), Code::kInvalidArgument,
         set + "address 10.0.0.1: not a multicast address");
  Expect(control.JoinGroup(IpAddr()), Code::kInvalidArgument,
         set + "address invalid IP: not a multicast address");
  Expect(control.JoinGroup(*IpAddr::Parse("ff02::114")), Code::kInvalidArgument,
         set + "address ff02::114: no suitable address found");
  for (const char* interface : {"eth-none", "12345", "-1"}) {
    Expect(control.JoinGroup(kGroup, interface), Code::kInvalidArgument,
           absl::StrCat(set, "interface ", interface,
                        ": no such network interface"));
  }
  Expect(control.LeaveGroup(kGroup, "lo"), Code::kInvalidArgument,
         set + "address 239.1.2.3: not a member");
  ASSERT_TRUE(control.JoinGroup(kGroup, "lo").ok());
  const absl::Status again = control.JoinGroup(kGroup, "lo");
  Expect(again, Code::kAlreadyExists,
         set + "setsockopt: address already in use");
  for (const int hops : {-1, 256}) {
    Expect(control.SetMulticastHops(hops), Code::kInvalidArgument,
           absl::StrCat(set, "hops ", hops, ": not from 0 to 255"));
  }
  // No route to the group, and no interface told.
  auto sender = Packets("udp4", ":0");
  Expect(sender->WriteTo("x", Addr::Udp(kGroup, 9)), Code::kUnavailable,
         absl::StrCat("write udp4 ", sender->LocalAddr().ToString(),
                      "->239.1.2.3:9: sendto: network is unreachable"));
  ASSERT_TRUE(packets->Close().ok());
  EXPECT_TRUE(IsClosed(control.JoinGroup(kGroup, "lo")));
  EXPECT_TRUE(IsClosed(control.SetMulticastLoopback(true)));
}

TEST_F(UdpMulticastTest, TheSystemsLimitOfMemberships) {
  auto packets = Packets("udp4", ":0");
  absl::Status status;
  for (int i = 0; status.ok() && i < 100000; ++i) {
    status = Control(*packets).JoinGroup(
        IpAddr::V4(239, 5, static_cast<uint8_t>(i / 250),
                   static_cast<uint8_t>(i % 250)),
        "lo");
  }
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(GetErrorInfo(status)->errno_value, ENOBUFS);
}

}  // namespace
}  // namespace plumb
