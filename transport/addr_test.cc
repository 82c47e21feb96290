#include "transport/addr.h"

#include <cstddef>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/hash/hash_testing.h"
#include "gtest/gtest.h"
#include "transport/endpoint.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

static_assert(sizeof(IpPort) <= 24, "the largest part of an Addr");
static_assert(std::is_trivially_copyable_v<IpPort>,
              "copying does not allocate");

const IpAddr kLinkLocal =
    IpAddr::V6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 4000000);
const IpAddr kMapped = IpAddr::V6(IpAddr::V4(10, 0, 0, 1).bytes());

template <typename T>
std::string Streamed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

// S-AD-01.
TEST(IpPortTest, PrintsAsGoDoes) {
  EXPECT_EQ((IpPort{IpAddr::LoopbackV4(), 80}).ToString(), "127.0.0.1:80");
  EXPECT_EQ((IpPort{IpAddr::LoopbackV6(), 80}).ToString(), "[::1]:80");
  EXPECT_EQ((IpPort{kLinkLocal, 80}).ToString(), "[fe80::1%4000000]:80");
  EXPECT_EQ((IpPort{IpAddr(), 80}).ToString(), ":80");
  EXPECT_EQ(IpPort().ToString(), ":0");
  EXPECT_EQ(Streamed(IpPort{IpAddr::AnyV6(), 65535}), "[::]:65535");
}

TEST(AddrTest, DefaultIsNoAddress) {
  const Addr none;
  EXPECT_FALSE(none.has_value());
  EXPECT_EQ(none.ToString(), "<nil>");
  EXPECT_EQ(none.network(), "");
  EXPECT_EQ(none.name(), "");
  EXPECT_EQ(none.ip_port(), nullptr);
  EXPECT_FALSE(none.ip().is_valid());
  EXPECT_EQ(none.port(), 0);
}

TEST(AddrTest, IpAddressHasItsParts) {
  const Addr addr = Addr::Tcp(IpAddr::LoopbackV4(), 80);
  EXPECT_TRUE(addr.has_value());
  EXPECT_TRUE(addr.is_ip());
  EXPECT_EQ(addr.network(), "tcp");
  EXPECT_EQ(addr.ip(), IpAddr::LoopbackV4());
  EXPECT_EQ(addr.port(), 80);
  EXPECT_EQ(*addr.ip_port(), (IpPort{IpAddr::LoopbackV4(), 80}));
  EXPECT_EQ(addr.name(), "");
  EXPECT_EQ(addr.ToString(), "127.0.0.1:80");
  EXPECT_EQ(Addr::Udp(IpAddr::LoopbackV6(), 53).network(), "udp");
  EXPECT_EQ(Streamed(Addr::Udp(IpAddr::LoopbackV6(), 53)), "[::1]:53");
}

TEST(AddrTest, HasTheNetworkOfTheSameText) {
  const std::string other = "udp";  // elsewhere than the literal
  const Addr addr = Addr::Udp(IpAddr::LoopbackV4(), 53);
  EXPECT_TRUE(addr.HasNetwork("udp"));
  EXPECT_TRUE(addr.HasNetwork(other.c_str()));
  EXPECT_FALSE(addr.HasNetwork("ud"));
  EXPECT_FALSE(addr.HasNetwork("udp4"));
  EXPECT_FALSE(Addr().HasNetwork("udp"));
}

TEST(AddrTest, RawIpHasNoPort) {
  EXPECT_EQ(Addr::RawIp(IpAddr::LoopbackV4()).network(), "ip");
  EXPECT_EQ(Addr::RawIp(IpAddr::LoopbackV4()).ToString(), "127.0.0.1");
  EXPECT_EQ(Addr::RawIp(kLinkLocal).ToString(), "fe80::1%4000000");
  EXPECT_EQ(Addr::RawIp(IpAddr()).ToString(), "");
}

TEST(AddrTest, UnmapsV4) {
  EXPECT_EQ(Addr::Tcp(kMapped, 80), Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 80));
  EXPECT_EQ(Addr::Tcp(kMapped, 80).ToString(), "10.0.0.1:80");
  EXPECT_EQ(Addr::RawIp(kMapped).ToString(), "10.0.0.1");
}

TEST(AddrTest, NamePrintsAsItIs) {
  const Addr path = Addr::Named("unix", "/run/x.sock");
  EXPECT_EQ(path.network(), "unix");
  EXPECT_EQ(path.name(), "/run/x.sock");
  EXPECT_EQ(path.ToString(), "/run/x.sock");
  EXPECT_FALSE(path.is_ip());
  EXPECT_EQ(path.port(), 0);
  EXPECT_EQ(Addr::Named("unixgram", "@x").ToString(), "@x");
  EXPECT_EQ(Addr::Named("pipe", "pipe").ToString(), "pipe");
}

// S-AD-06.
TEST(AddrTest, UnnamedPrintsAsAnAt) {
  EXPECT_EQ(Addr::Unnamed("unix").ToString(), "@");
  EXPECT_TRUE(Addr::Unnamed("unix").has_value());
}

TEST(AddrTest, CopySharesTheName) {
  const Addr addr = Addr::Named("unix", "/run/x.sock");
  const Addr copy = addr;
  EXPECT_EQ(copy, addr);
  EXPECT_EQ(copy.name().data(), addr.name().data());
}

TEST(AddrTest, MovedFromCanBePrintedComparedAndAssigned) {
  Addr addr = Addr::Named("unix", "/run/x.sock");
  const Addr moved = std::move(addr);
  EXPECT_EQ(moved.name(), "/run/x.sock");
  EXPECT_EQ(addr.ToString(), "");  // NOLINT(bugprone-use-after-move)
  EXPECT_NE(addr, moved);
  addr = moved;
  EXPECT_EQ(addr, moved);
}

TEST(AddrTest, NetworksAreComparedByTheirText) {
  const char tcp[] = "tcp";
  EXPECT_EQ(Addr::Ip(tcp, {IpAddr::LoopbackV4(), 80}),
            Addr::Tcp(IpAddr::LoopbackV4(), 80));
}

// Each before the next.
std::vector<Addr> InOrder() {
  return {Addr(),
          Addr::RawIp(IpAddr::LoopbackV4()),
          Addr::Named("pipe", "pipe"),
          Addr::Tcp(IpAddr(), 0),
          Addr::Tcp(IpAddr(), 80),
          Addr::Tcp(IpAddr::LoopbackV4(), 80),
          Addr::Tcp(IpAddr::LoopbackV4(), 81),
          Addr::Tcp(IpAddr::LoopbackV6(), 0),
          Addr::Named("tcp", ""),
          Addr::Udp(IpAddr::LoopbackV4(), 80),
          Addr::Unnamed("unix"),
          Addr::Named("unix", "@x"),
          Addr::Named("unix", "x"),
          Addr::Named("unixgram", "x")};
}

TEST(AddrTest, OrdersByNetworkThenPlace) {
  const std::vector<Addr> addrs = InOrder();
  for (size_t i = 0; i < addrs.size(); ++i) {
    for (size_t j = 0; j < addrs.size(); ++j) {
      EXPECT_EQ(addrs[i] < addrs[j], i < j) << addrs[i] << " " << addrs[j];
      EXPECT_EQ(addrs[i] == addrs[j], i == j) << addrs[i] << " " << addrs[j];
      EXPECT_EQ(addrs[i] != addrs[j], i != j) << addrs[i] << " " << addrs[j];
    }
  }
}

TEST(AddrTest, IpPortOrdersByAddressThenPort) {
  const IpPort low = {IpAddr::LoopbackV4(), 81};
  const IpPort high = {IpAddr::LoopbackV6(), 80};
  EXPECT_LT(low, high);
  EXPECT_FALSE(high < low);
  EXPECT_LT((IpPort{IpAddr::LoopbackV4(), 80}), low);
  EXPECT_NE(low, high);
}

TEST(AddrTest, HashAgreesWithEquality) {
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(InOrder()));
  std::vector<IpPort> ip_ports;
  for (const Addr& addr : InOrder()) {
    if (addr.is_ip()) ip_ports.push_back(*addr.ip_port());
  }
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(ip_ports));
}

// V-6: what was printed can be dialled again.
TEST(AddrTest, PrintedIpAddressesParseBack) {
  for (const IpAddr& ip : {IpAddr(), IpAddr::AnyV4(), IpAddr::LoopbackV4(),
                           IpAddr::AnyV6(), kLinkLocal, kMapped}) {
    const Addr tcp = Addr::Tcp(ip, 8080);
    const auto again = ParseEndpoint(tcp.network(), tcp.ToString());
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(Addr::Tcp(again->ip, again->port), tcp);
    const Addr raw = Addr::RawIp(ip);
    const auto raw_again = ParseEndpoint(raw.network(), raw.ToString());
    ASSERT_TRUE(raw_again.ok()) << raw_again.status();
    EXPECT_EQ(Addr::RawIp(raw_again->ip), raw);
  }
}

}  // namespace
}  // namespace plumb
