#include "transport/ip_addr.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/hash/hash_testing.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

static_assert(sizeof(IpAddr) <= 24, "an address fits three words");
static_assert(std::is_trivially_copyable_v<IpAddr>, "and never allocates");
static_assert(IpAddr::LoopbackV4() == IpAddr::V4(127, 0, 0, 1), "constexpr");
static_assert(!IpAddr().is_valid() && IpAddr() != IpAddr::AnyV4() &&
                  IpAddr() != IpAddr::AnyV6() &&
                  IpAddr::AnyV4() != IpAddr::AnyV6(),
              "three that are not the same");

// An interface that every machine has.
constexpr char kLoopback[] = "lo";

std::string LoopbackIndex() { return absl::StrCat(if_nametoindex(kLoopback)); }

// Of an address that the test knows to be one.
IpAddr Ip(absl::string_view text) {
  const absl::StatusOr<IpAddr> ip = IpAddr::Parse(text);
  EXPECT_TRUE(ip.ok()) << ip.status();
  return ip.value_or(IpAddr());
}

struct Spelling {
  const char* text;
  const char* printed;
};

class IpAddrSpellingTest : public ::testing::TestWithParam<Spelling> {};

// S-IP-01.
TEST_P(IpAddrSpellingTest, PrintsTheOneForm) {
  const IpAddr ip = Ip(GetParam().text);
  EXPECT_TRUE(ip.is_valid());
  EXPECT_EQ(ip.ToString(), GetParam().printed);
  EXPECT_EQ(Ip(GetParam().printed), ip);
}

INSTANTIATE_TEST_SUITE_P(
    Rfc5952, IpAddrSpellingTest,
    ::testing::Values(
        Spelling{"127.0.0.1", "127.0.0.1"}, Spelling{"0.0.0.0", "0.0.0.0"},
        Spelling{"255.255.255.255", "255.255.255.255"}, Spelling{"::", "::"},
        Spelling{"0:0:0:0:0:0:0:0", "::"}, Spelling{"::1", "::1"},
        Spelling{"1::", "1::"}, Spelling{"0000:0::0001", "::1"},
        Spelling{"2001:DB8::68", "2001:db8::68"},
        Spelling{"fd7a:115c:a1e0:ab12:4843:cd96:626b:430b",
                 "fd7a:115c:a1e0:ab12:4843:cd96:626b:430b"},
        // One zero field is never shortened.
        Spelling{"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
        Spelling{"1::2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
        Spelling{"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        Spelling{"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        // The longest run, and of equal ones the first.
        Spelling{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
        Spelling{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        Spelling{"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"},
        Spelling{"0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"},
        // Dotted at the end, and only when it is a v4-mapped one.
        Spelling{"::ffff:1.2.3.4", "::ffff:1.2.3.4"},
        Spelling{"::ffff:0102:0304", "::ffff:1.2.3.4"},
        Spelling{"0:0:0:0:0:ffff:1.2.3.4", "::ffff:1.2.3.4"},
        Spelling{"::1.2.3.4", "::102:304"},
        Spelling{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        Spelling{"1:2:3:4:5:6:77.77.88.88", "1:2:3:4:5:6:4d4d:5858"},
        Spelling{"::ffff:0:1.2.3.4", "::ffff:0:102:304"}));

TEST(IpAddrTest, InvalidPrintsAsSuch) {
  EXPECT_EQ(IpAddr().ToString(), "invalid IP");
}

TEST(IpAddrTest, StreamsItsText) {
  std::ostringstream out;
  out << Ip("::1") << ' ' << Ip("10.0.0.1");
  EXPECT_EQ(out.str(), "::1 10.0.0.1");
}

TEST(IpAddrTest, BytesAreInNetworkOrder) {
  using V4Bytes = std::array<uint8_t, 4>;
  EXPECT_EQ(Ip("1.2.3.4").v4_bytes(), (V4Bytes{1, 2, 3, 4}));
  EXPECT_EQ(Ip("::ffff:1.2.3.4").v4_bytes(), (V4Bytes{1, 2, 3, 4}));
  EXPECT_EQ(Ip("1.2.3.4").bytes(), Ip("::ffff:1.2.3.4").bytes());
  EXPECT_EQ(Ip("102:304:506:708:90a:b0c:d0e:f10").bytes(),
            (std::array<uint8_t, 16>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                                     14, 15, 16}));
}

TEST(IpAddrTest, KnowsItsFamily) {
  EXPECT_TRUE(Ip("1.2.3.4").is_v4());
  EXPECT_FALSE(Ip("1.2.3.4").is_v6());
  EXPECT_FALSE(Ip("1.2.3.4").is_v4_mapped());
  EXPECT_TRUE(Ip("::1").is_v6());
  EXPECT_FALSE(Ip("::1").is_v4_mapped());
  EXPECT_TRUE(Ip("::ffff:1.2.3.4").is_v6());
  EXPECT_TRUE(Ip("::ffff:1.2.3.4").is_v4_mapped());
  EXPECT_FALSE(Ip("::fffe:1.2.3.4").is_v4_mapped());
  EXPECT_FALSE(IpAddr().is_v4_mapped());
}

// F-181, F-183.
TEST(IpAddrTest, UnmapGivesTheV4AddressInside) {
  EXPECT_NE(Ip("::ffff:1.2.3.4"), Ip("1.2.3.4"));
  EXPECT_EQ(Ip("::ffff:1.2.3.4").Unmap(), Ip("1.2.3.4"));
  EXPECT_EQ(Ip("::ffff:1.2.3.4").WithZone(7).Unmap(), Ip("1.2.3.4"));
  for (const char* text : {"1.2.3.4", "::1", "::1.2.3.4"}) {
    EXPECT_EQ(Ip(text).Unmap(), Ip(text));
  }
  EXPECT_EQ(IpAddr().Unmap(), IpAddr());
}

TEST(IpAddrTest, ZoneIsAnInterface) {
  const IpAddr ip = Ip(absl::StrCat("fe80::1%", kLoopback));
  EXPECT_EQ(absl::StrCat(ip.zone()), LoopbackIndex());
  EXPECT_EQ(ip, Ip(absl::StrCat("fe80::1%", LoopbackIndex())));
  EXPECT_EQ(ip.ToString(), absl::StrCat("fe80::1%", kLoopback));
}

// S-AD-08.
TEST(IpAddrTest, ZoneWithoutAnInterfaceIsANumber) {
  EXPECT_EQ(Ip("fe80::1%4000000").zone(), 4000000u);
  EXPECT_EQ(Ip("fe80::1%4000000").ToString(), "fe80::1%4000000");
  EXPECT_EQ(Ip("::ffff:1.2.3.4%4000000").ToString(), "::ffff:1.2.3.4%4000000");
  EXPECT_EQ(Ip("::%4294967295").zone(), 4294967295u);
  EXPECT_EQ(Ip("::1%0"), Ip("::1"));
}

TEST(IpAddrTest, WithZone) {
  EXPECT_EQ(Ip("fe80::1").WithZone(4000000), Ip("fe80::1%4000000"));
  EXPECT_EQ(Ip("fe80::1%4000000").WithZone(0), Ip("fe80::1"));
  EXPECT_EQ(Ip("1.2.3.4").WithZone(1), Ip("1.2.3.4"));
  EXPECT_EQ(IpAddr().WithZone(1), IpAddr());
}

// A letter for each class that `ip` belongs to.
std::string Classes(const IpAddr& ip) {
  std::string classes;
  if (ip.IsUnspecified()) classes += 'U';
  if (ip.IsLoopback()) classes += 'L';
  if (ip.IsPrivate()) classes += 'P';
  if (ip.IsMulticast()) classes += 'M';
  if (ip.IsInterfaceLocalMulticast()) classes += 'i';
  if (ip.IsLinkLocalMulticast()) classes += 'l';
  if (ip.IsLinkLocalUnicast()) classes += 'A';
  if (ip.IsGlobalUnicast()) classes += 'G';
  return classes;
}

struct Classified {
  const char* text;
  const char* classes;
};

class IpAddrClassTest : public ::testing::TestWithParam<Classified> {};

// F-171, F-184.
TEST_P(IpAddrClassTest, HasItsClasses) {
  const IpAddr ip = Ip(GetParam().text);
  EXPECT_EQ(Classes(ip), GetParam().classes);
  EXPECT_EQ(Classes(ip.WithZone(9)), GetParam().classes);
  if (!ip.is_v4()) return;
  EXPECT_EQ(Classes(IpAddr::V6(ip.bytes())), GetParam().classes) << "mapped";
}

INSTANTIATE_TEST_SUITE_P(
    V4, IpAddrClassTest,
    ::testing::Values(
        Classified{"0.0.0.0", "U"}, Classified{"0.0.0.1", "G"},
        Classified{"127.0.0.0", "L"}, Classified{"127.255.255.255", "L"},
        Classified{"126.255.255.255", "G"}, Classified{"128.0.0.0", "G"},
        Classified{"9.255.255.255", "G"}, Classified{"10.0.0.0", "PG"},
        Classified{"10.255.255.255", "PG"}, Classified{"11.0.0.0", "G"},
        Classified{"172.15.255.255", "G"}, Classified{"172.16.0.0", "PG"},
        Classified{"172.31.255.255", "PG"}, Classified{"172.32.0.0", "G"},
        Classified{"192.167.255.255", "G"}, Classified{"192.168.0.0", "PG"},
        Classified{"192.168.255.255", "PG"}, Classified{"192.169.0.0", "G"},
        Classified{"169.253.255.255", "G"}, Classified{"169.254.0.0", "A"},
        Classified{"169.254.255.255", "A"}, Classified{"169.255.0.0", "G"},
        Classified{"223.255.255.255", "G"}, Classified{"224.0.0.0", "Ml"},
        Classified{"224.0.0.255", "Ml"}, Classified{"224.0.1.0", "M"},
        Classified{"224.1.0.0", "M"}, Classified{"239.255.255.255", "M"},
        Classified{"240.0.0.0", "G"}, Classified{"8.8.8.8", "G"},
        Classified{"255.255.255.254", "G"}, Classified{"255.255.255.255", ""}));

INSTANTIATE_TEST_SUITE_P(
    V6, IpAddrClassTest,
    ::testing::Values(
        Classified{"::", "U"}, Classified{"::1", "L"}, Classified{"::2", "G"},
        Classified{"1::1", "G"}, Classified{"2001:db8::1", "G"},
        Classified{"::127.0.0.1", "G"}, Classified{"::ffff:0:127.0.0.1", "G"},
        Classified{"fbff::", "G"}, Classified{"fc00::", "PG"},
        Classified{"fdff:ffff::1", "PG"}, Classified{"fe00::", "G"},
        Classified{"fe7f::", "G"}, Classified{"fe80::", "A"},
        Classified{"febf:ffff::1", "A"}, Classified{"fec0::", "G"},
        Classified{"ff00::1", "M"}, Classified{"ff01::1", "Mi"},
        Classified{"ff02::1", "Ml"}, Classified{"ff05::1", "M"},
        Classified{"ff11::1", "Mi"}, Classified{"ff12::1", "Ml"},
        Classified{"ff0e::1", "M"}));

TEST(IpAddrTest, InvalidHasNoClass) { EXPECT_EQ(Classes(IpAddr()), ""); }

// Each before the next.
std::vector<IpAddr> InOrder() {
  return {IpAddr(),
          Ip("0.0.0.0"),
          Ip("1.2.3.4"),
          Ip("255.255.255.255"),
          Ip("::"),
          Ip("::1"),
          Ip("::ffff:1.2.3.4"),
          Ip("fe80::1"),
          Ip("fe80::1%4000000"),
          Ip("fe80::1%4000001"),
          Ip("fe80::2")};
}

// F-185.
TEST(IpAddrTest, OrdersByFamilyValueAndZone) {
  const std::vector<IpAddr> ips = InOrder();
  for (size_t i = 0; i < ips.size(); ++i) {
    for (size_t j = 0; j < ips.size(); ++j) {
      EXPECT_EQ(ips[i] < ips[j], i < j) << ips[i] << " " << ips[j];
      EXPECT_EQ(ips[i] == ips[j], i == j) << ips[i] << " " << ips[j];
      EXPECT_EQ(ips[i] != ips[j], i != j) << ips[i] << " " << ips[j];
    }
  }
}

TEST(IpAddrTest, HashAgreesWithEquality) {
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(InOrder()));
}

// What looks like an address, and mostly is not quite one. The same every time.
class RandomText {
 public:
  std::string Next() {
    static constexpr absl::string_view kPieces[] = {
        ":", ":",   ":1",  "2:",      "::",   ".", "0",
        "1", "255", "256", "ffff",    "fe80", "a", "F",
        "%", "g",   "lo",  "1.2.3.4", "00",   "[", "\xff"};
    std::string text;
    for (uint32_t n = random_() % 16; n > 0; --n) {
      absl::StrAppend(&text, kPieces[random_() % std::size(kPieces)]);
    }
    return text;
  }

 private:
  std::mt19937 random_{20};
};

// The system's parser, which is strict too but knows no zones.
IpAddr SystemParse(const std::string& text) {
  std::array<uint8_t, 16> b;
  if (inet_pton(AF_INET6, text.c_str(), b.data()) == 1) return IpAddr::V6(b);
  if (inet_pton(AF_INET, text.c_str(), b.data()) == 1) {
    return IpAddr::V4(b[0], b[1], b[2], b[3]);
  }
  return IpAddr();
}

TEST(IpAddrTest, RandomTextParsesAsTheSystemDoes) {
  RandomText random;
  int parsed = 0;
  for (int i = 0; i < 50000; ++i) {
    const std::string text = random.Next();
    const absl::StatusOr<IpAddr> ip = IpAddr::Parse(text);
    if (ip.ok()) {
      ++parsed;
      EXPECT_EQ(Ip(ip->ToString()), *ip) << text;
    }
    if (text.find('%') != std::string::npos) continue;
    EXPECT_EQ(ip.value_or(IpAddr()), SystemParse(text)) << text;
  }
  EXPECT_GT(parsed, 500);
}

TEST(IpAddrTest, RandomAddressesParseBack) {
  std::mt19937 random(5952);
  for (int i = 0; i < 20000; ++i) {
    std::array<uint8_t, 16> bytes;
    // Many zeros, so that there are runs of them.
    for (uint8_t& byte : bytes) {
      byte = random() % 2 ? 0 : static_cast<uint8_t>(random());
    }
    const IpAddr v6 = IpAddr::V6(bytes, random() % 2 ? 4000000 : 0);
    EXPECT_EQ(Ip(v6.ToString()), v6);
    EXPECT_EQ(SystemParse(v6.WithZone(0).ToString()), v6.WithZone(0));
    const IpAddr v4 = IpAddr::V4(bytes[0], bytes[1], bytes[2], bytes[3]);
    EXPECT_EQ(Ip(v4.ToString()), v4);
  }
}

}  // namespace
}  // namespace plumb
