// Multicast, where there is some: on the loopback interface, "lo", which is
// interface 1.
//
// Each case has groups of its own, named after a port that it holds, so that
// none hears what another run on this machine sends.
#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "testing/conformance/case.h"
#include "testing/conformance/packet_suite.h"
#include "testing/matchers.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/ip_addr.h"
#include "transport/multicast.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// The `number`th group of the case whose port is that of `own`.
IpAddr Group(const Addr& own, int number = 1) {
  const uint16_t port = own.port();
  if (own.ip().is_v6()) {
    return *IpAddr::Parse(absl::StrFormat("ff12::%x:%x", number, port));
  }
  return IpAddr::V4(239, static_cast<uint8_t>(number),
                    static_cast<uint8_t>(port >> 8),
                    static_cast<uint8_t>(port));
}

MulticastControl& Control(PacketConn& packets) {
  return *Extension<MulticastControl>(packets);
}

}  // namespace

std::string PacketConnConformance::Text(PacketConn& packets) {
  const absl::StatusOr<Datagram> got = Receive(packets);
  EXPECT_THAT(got, IsOk());
  return got.ok() ? got->data : "";
}

bool PacketConnConformance::HasMulticast() {
  const bool has = backend().multicast && !GetParam().variant.decorated;
  EXPECT_EQ(Extension<MulticastControl>(near()) != nullptr, has);
  return has;
}

std::unique_ptr<PacketConn> PacketConnConformance::ListenAt(const IpAddr& ip,
                                                            uint16_t port) {
  auto packets =
      transport().ListenPacket(network(), IpPort{ip, port}.ToString());
  EXPECT_THAT(packets, IsOk());
  return packets.ok() ? *std::move(packets) : nullptr;
}

absl::Status PacketConnConformance::SendTo(const IpAddr& ip, uint16_t port,
                                           absl::string_view data) {
  return near().WriteTo(data, Addr::Udp(ip, port));
}

CONFORMANCE_CASE(PacketConnConformance, MembersHearWhatIsSentToTheGroup) {
  if (!HasMulticast()) return CoversLack({"S-MC-01", "S-MC-02", "S-MC-03"});
  Covers({"S-MC-01", "S-MC-02", "S-MC-03"});
  const IpAddr group = Group(near_addr());
  const auto first = ListenAt(group, 0);
  ASSERT_NE(first, nullptr);
  const Addr local = first->LocalAddr();
  EXPECT_TRUE(local.ip().IsUnspecified());
  const auto second = ListenAt(group, local.port());
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->LocalAddr(), local);
  const auto alone = transport().ListenPacket(network(), local.ToString());
  EXPECT_TRUE(HasError(alone.status(), Code::kAlreadyExists, "listen", Addr(),
                       local, "bind: address already in use"));
  ASSERT_THAT(Control(*first).JoinGroup(group, "lo"), IsOk());
  ASSERT_THAT(Control(*second).JoinGroup(group, "1"), IsOk());
  ASSERT_THAT(Control(near()).SetMulticastInterface("lo"), IsOk());
  ASSERT_THAT(Control(near()).SetMulticastHops(0), IsOk());
  // What goes through the loopback comes back.
  ASSERT_THAT(Control(near()).SetMulticastLoopback(false), IsOk());
  ASSERT_THAT(SendTo(group, local.port(), "all"), IsOk());
  for (PacketConn* member : {first.get(), second.get()}) {
    PLUMB_ASSERT_OK_AND_ASSIGN(const Datagram got, Receive(*member));
    EXPECT_EQ(got.data, "all");
    EXPECT_EQ(got.from, near_addr());
  }
}

CONFORMANCE_CASE(PacketConnConformance, MembersHearTheirGroupsAlone) {
  if (!HasMulticast()) return CoversLack({"S-MC-02", "S-MC-04"});
  Covers({"S-MC-02", "S-MC-04"});
  const IpAddr mine = Group(near_addr(), 1);
  const IpAddr others = Group(near_addr(), 2);
  const auto member = ListenAt(mine, 0);
  ASSERT_NE(member, nullptr);
  const uint16_t port = member->LocalAddr().port();
  const auto other = ListenAt(others, port);
  ASSERT_NE(other, nullptr);
  ASSERT_THAT(Control(*member).JoinGroup(mine, "lo"), IsOk());
  ASSERT_THAT(Control(*other).JoinGroup(others, "lo"), IsOk());
  ASSERT_THAT(SendTo(others, port, "others"), IsOk());
  ASSERT_THAT(SendTo(mine, port, "mine"), IsOk());
  EXPECT_EQ(Text(*member), "mine");
  ASSERT_THAT(Control(*member).LeaveGroup(mine, "lo"), IsOk());
  ASSERT_THAT(SendTo(mine, port, "left"), IsOk());
  ASSERT_THAT(other->Close(), IsOk());
  ASSERT_THAT(SendTo(near_addr().ip(), port, "direct"), IsOk());
  EXPECT_EQ(Text(*member), "direct");
}

// IP_MULTICAST_ALL, ip(7); IPV6_MULTICAST_ALL.
CONFORMANCE_CASE(PacketConnConformance, WhoHasJoinedNothingHearsOthersGroups) {
  if (!HasMulticast()) return CoversLack({"S-MC-02"});
  Covers({"S-MC-02"});
  const IpAddr group = Group(near_addr());
  const auto bystander = ListenAt(group, 0);
  ASSERT_NE(bystander, nullptr);
  const uint16_t port = bystander->LocalAddr().port();
  const auto member = ListenAt(group, 0);
  ASSERT_NE(member, nullptr);
  ASSERT_THAT(Control(*member).JoinGroup(group, "lo"), IsOk());
  ASSERT_THAT(SendTo(group, port, "group"), IsOk());
  EXPECT_EQ(Text(*bystander), "group");
  ASSERT_THAT(member->Close(), IsOk());
  ASSERT_THAT(SendTo(group, port, "closed"), IsOk());
  ASSERT_THAT(SendTo(near_addr().ip(), port, "direct"), IsOk());
  EXPECT_EQ(Text(*bystander), "direct");
}

CONFORMANCE_CASE(PacketConnConformance, GroupsThatCannotBeJoined) {
  if (!HasMulticast()) return CoversLack({"S-MC-04"});
  Covers({"S-MC-04"});
  MulticastControl& control = Control(near());
  const IpAddr group = Group(near_addr());
  const std::string text = group.ToString();
  const auto fails = [&](const absl::Status& status, Code code,
                         absl::string_view cause) {
    return HasError(status, code, "set", Addr(), near_addr(), cause);
  };
  const Code bad = Code::kInvalidArgument;
  for (const IpAddr& ip : {IpAddr(), near_addr().ip()}) {
    EXPECT_TRUE(fails(
        control.JoinGroup(ip), bad,
        absl::StrCat("address ", ip.ToString(), ": not a multicast address")));
  }
  const IpAddr foreign =
      group.is_v4() ? *IpAddr::Parse("ff02::114") : IpAddr::V4(239, 1, 2, 3);
  EXPECT_TRUE(fails(control.JoinGroup(foreign), bad,
                    absl::StrCat("address ", foreign.ToString(),
                                 ": no suitable address found")));
  for (const char* interface : {"eth-none", "12345", "-1"}) {
    EXPECT_TRUE(fails(
        control.JoinGroup(group, interface), bad,
        absl::StrCat("interface ", interface, ": no such network interface")));
  }
  EXPECT_TRUE(fails(control.LeaveGroup(group, "lo"), bad,
                    absl::StrCat("address ", text, ": not a member")));
  ASSERT_THAT(control.JoinGroup(group, "lo"), IsOk());
  EXPECT_TRUE(fails(control.JoinGroup(group, "lo"), Code::kAlreadyExists,
                    "setsockopt: address already in use"));
  ASSERT_THAT(control.LeaveGroup(group, "lo"), IsOk());
  for (const int hops : {-1, 256}) {
    EXPECT_TRUE(fails(control.SetMulticastHops(hops), bad,
                      absl::StrCat("hops ", hops, ": not from 0 to 255")));
  }
  EXPECT_THAT(control.SetMulticastHops(255), IsOk());
  EXPECT_THAT(control.SetMulticastInterface(""), IsOk());
  ASSERT_THAT(near().Close(), IsOk());
  EXPECT_TRUE(IsClosedOf("set", near_addr(), control.JoinGroup(group, "lo")));
  EXPECT_TRUE(IsClosedOf("set", near_addr(), control.LeaveGroup(group, "lo")));
  EXPECT_TRUE(
      IsClosedOf("set", near_addr(), control.SetMulticastInterface("lo")));
  EXPECT_TRUE(
      IsClosedOf("set", near_addr(), control.SetMulticastLoopback(true)));
  EXPECT_TRUE(IsClosedOf("set", near_addr(), control.SetMulticastHops(1)));
}

// igmp_max_memberships.
CONFORMANCE_CASE(PacketConnConformance, ThereIsALimitOfMemberships) {
  if (!HasMulticast()) return CoversLack({"S-MC-04"});
  Covers({"S-MC-04"});
  if (near_addr().ip().is_v6()) {
    // IPv4's alone.
    for (int i = 1; i <= 100; ++i) {
      ASSERT_THAT(Control(near()).JoinGroup(Group(near_addr(), i), "lo"),
                  IsOk());
    }
    return;
  }
  absl::Status status;
  for (int i = 0; status.ok() && i < 100000; ++i) {
    status = Control(near()).JoinGroup(
        IpAddr::V4(239, 5, static_cast<uint8_t>(i / 250),
                   static_cast<uint8_t>(i % 250)),
        "lo");
  }
  EXPECT_TRUE(HasError(status, Code::kResourceExhausted, "set", Addr(),
                       near_addr(), "setsockopt: no buffer space available"));
  EXPECT_EQ(GetErrorInfo(status)->errno_value, ENOBUFS);
}

}  // namespace plumb
