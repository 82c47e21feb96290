#include "transport/network_name.h"

#include <optional>
#include <sstream>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

void ExpectParts(absl::string_view network, absl::string_view base,
                 AddressFamily family,
                 std::optional<absl::string_view> protocol = std::nullopt) {
  const NetworkName parts = ParseNetworkName(network);
  EXPECT_EQ(parts.name, network.substr(0, network.find(':'))) << network;
  EXPECT_EQ(parts.base, base) << network;
  EXPECT_EQ(parts.family, family) << network;
  EXPECT_EQ(parts.protocol, protocol) << network;
}

TEST(NetworkNameTest, Families) {
  for (const char* base : {"tcp", "udp"}) {
    ExpectParts(base, base, AddressFamily::kAny);
  }
  ExpectParts("tcp4", "tcp", AddressFamily::kV4);
  ExpectParts("tcp6", "tcp", AddressFamily::kV6);
  ExpectParts("udp4", "udp", AddressFamily::kV4);
  ExpectParts("udp6", "udp", AddressFamily::kV6);
}

TEST(NetworkNameTest, NamesWithoutAFamily) {
  for (const char* network :
       {"unix", "unixgram", "unixpacket", "fake", "pipe", "", "4", "6"}) {
    ExpectParts(network, network, AddressFamily::kAny);
  }
}

TEST(NetworkNameTest, Protocols) {
  ExpectParts("ip", "ip", AddressFamily::kAny);
  ExpectParts("ip:1", "ip", AddressFamily::kAny, "1");
  ExpectParts("ip4:icmp", "ip", AddressFamily::kV4, "icmp");
  ExpectParts("ip6:58", "ip", AddressFamily::kV6, "58");
  ExpectParts("ip4:", "ip", AddressFamily::kV4, "");
  ExpectParts("ip4:a:b", "ip", AddressFamily::kV4, "a:b");
  ExpectParts(":4", "", AddressFamily::kAny, "4");
}

// S-AD-12.
TEST(NetworkNameTest, MappedAddressIsV4) {
  const IpAddr v4 = IpAddr::LoopbackV4();
  const IpAddr v6 = IpAddr::LoopbackV6();
  const IpAddr mapped = IpAddr::V6(v4.bytes());
  for (const IpAddr& ip : {v4, v6, mapped}) {
    EXPECT_TRUE(MatchesFamily(AddressFamily::kAny, ip)) << ip;
    EXPECT_EQ(MatchesFamily(AddressFamily::kV4, ip), ip != v6) << ip;
    EXPECT_EQ(MatchesFamily(AddressFamily::kV6, ip), ip == v6) << ip;
  }
}

TEST(NetworkNameTest, InvalidAddressMatchesNoFamily) {
  for (const AddressFamily family :
       {AddressFamily::kAny, AddressFamily::kV4, AddressFamily::kV6}) {
    EXPECT_FALSE(MatchesFamily(family, IpAddr())) << family;
  }
}

TEST(NetworkNameTest, FamiliesPrint) {
  std::ostringstream out;
  out << AddressFamily::kAny << ' ' << AddressFamily::kV4 << ' '
      << AddressFamily::kV6;
  EXPECT_EQ(out.str(), "any IPv4 IPv6");
}

}  // namespace
}  // namespace plumb
