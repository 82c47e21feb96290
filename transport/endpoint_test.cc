#include "transport/endpoint.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "absl/hash/hash_testing.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

const IpAddr kV4 = IpAddr::LoopbackV4();
const IpAddr kV6 = IpAddr::LoopbackV6();
const IpAddr kMapped = IpAddr::V6(kV4.bytes());

struct Vector {
  const char* network;
  const char* address;
  Endpoint endpoint;
};

class EndpointTest : public ::testing::TestWithParam<Vector> {};

TEST_P(EndpointTest, Parses) {
  const auto endpoint = ParseEndpoint(GetParam().network, GetParam().address);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(*endpoint, GetParam().endpoint);
  EXPECT_FALSE(endpoint->needs_lookup());
}

// V-6.
INSTANTIATE_TEST_SUITE_P(
    Tcp, EndpointTest,
    ::testing::Values(
        Vector{"tcp", "127.0.0.1:0", {"127.0.0.1", kV4, 0}},
        Vector{"tcp4", "127.0.0.1:65535", {"127.0.0.1", kV4, 65535}},
        Vector{"tcp", "[::1]:0", {"::1", kV6, 0}},
        Vector{"tcp6", "[::1]:65535", {"::1", kV6, 65535}},
        Vector{
            "tcp", "[::1%911911]:1", {"::1%911911", kV6.WithZone(911911), 1}},
        Vector{
            "tcp6", "[::1%911911]:2", {"::1%911911", kV6.WithZone(911911), 2}},
        Vector{"", "127.0.0.1:0", {"127.0.0.1", kV4, 0}},
        Vector{"", "[::1]:0", {"::1", kV6, 0}},
        Vector{"tcp", ":12345", {"", IpAddr(), 12345}},
        Vector{"tcp", "127.0.0.1:http", {"127.0.0.1", kV4, 80}},
        Vector{"tcp", "[::ffff:127.0.0.1]:http", {"::ffff:127.0.0.1", kV4, 80}},
        Vector{
            "tcp4", "[::ffff:127.0.0.1]:http", {"::ffff:127.0.0.1", kV4, 80}},
        Vector{"tcp4", "0.0.0.0:", {"0.0.0.0", IpAddr::AnyV4(), 0}},
        Vector{"tcp6", "[::]:80", {"::", IpAddr::AnyV6(), 80}}));

INSTANTIATE_TEST_SUITE_P(
    Udp, EndpointTest,
    ::testing::Values(
        Vector{"udp", "127.0.0.1:0", {"127.0.0.1", kV4, 0}},
        Vector{"udp4", "127.0.0.1:65535", {"127.0.0.1", kV4, 65535}},
        Vector{"udp", "[::1]:0", {"::1", kV6, 0}},
        Vector{
            "udp6", "[::1%911911]:2", {"::1%911911", kV6.WithZone(911911), 2}},
        Vector{"udp", ":12345", {"", IpAddr(), 12345}},
        Vector{"udp", "127.0.0.1:domain", {"127.0.0.1", kV4, 53}},
        Vector{"udp4",
               "[::ffff:127.0.0.1]:domain",
               {"::ffff:127.0.0.1", kV4, 53}}));

INSTANTIATE_TEST_SUITE_P(
    RawIp, EndpointTest,
    ::testing::Values(
        Vector{"ip4:icmp", "127.0.0.1", {"127.0.0.1", kV4, 0}},
        Vector{"ip6:IPv6-ICMP", "::1", {"::1", kV6, 0}},
        Vector{"ip:1", "::ffff:127.0.0.1", {"::ffff:127.0.0.1", kV4, 0}},
        Vector{"ip4:icmp", "", {"", IpAddr(), 0}}));

// S-AD-11.
INSTANTIATE_TEST_SUITE_P(
    Wildcard, EndpointTest,
    ::testing::Values(Vector{"tcp", "", {"", IpAddr(), 0}},
                      Vector{"tcp4", ":", {"", IpAddr(), 0}},
                      Vector{"tcp6", ":0", {"", IpAddr(), 0}},
                      Vector{"udp", "[]:80", {"", IpAddr(), 80}}));

// What is not an address to the letter is a name, as in Go.
TEST(EndpointNameTest, NamesAreForTheCallerToResolve) {
  for (const char* host :
       {"localhost", "db.example", "127.0.0.01", "1.2.3", "0x7f.0.0.1",
        "1.2.3.4%lo", "localhost%lo", "4294967295"}) {
    const auto endpoint = ParseEndpoint("tcp6", absl::StrCat(host, ":80"));
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(*endpoint, (Endpoint{host, IpAddr(), 80}));
    EXPECT_TRUE(endpoint->needs_lookup());
  }
  const auto raw = ParseEndpoint("ip4:icmp", "db.example:80");
  ASSERT_TRUE(raw.ok()) << raw.status();
  EXPECT_EQ(*raw, (Endpoint{"db.example:80", IpAddr(), 0}));
}

struct Reject {
  const char* network;
  const char* address;
  absl::Status status;
};

class EndpointRejectTest : public ::testing::TestWithParam<Reject> {};

TEST_P(EndpointRejectTest, SaysWhatGoSays) {
  EXPECT_EQ(ParseEndpoint(GetParam().network, GetParam().address).status(),
            GetParam().status);
}

Reject Unsuitable(const char* network, const char* address, const char* host) {
  return {network, address,
          absl::InvalidArgumentError(
              absl::StrCat("address ", host, ": no suitable address found"))};
}

// V-6, S-AD-12.
INSTANTIATE_TEST_SUITE_P(
    Families, EndpointRejectTest,
    ::testing::Values(
        Unsuitable("tcp4", "[2001:db8::1]:http", "2001:db8::1"),
        Unsuitable("tcp4", "[::1]:0", "::1"),
        Unsuitable("tcp6", "127.0.0.1:http", "127.0.0.1"),
        Unsuitable("tcp6", "[::ffff:127.0.0.1]:http", "::ffff:127.0.0.1"),
        Unsuitable("udp4", "[2001:db8::1]:domain", "2001:db8::1"),
        Unsuitable("udp6", "127.0.0.1:domain", "127.0.0.1"),
        Unsuitable("udp6", "[::ffff:127.0.0.1]:domain", "::ffff:127.0.0.1"),
        Unsuitable("ip4:icmp", "::1", "::1"),
        Unsuitable("ip6:58", "127.0.0.1", "127.0.0.1")));

INSTANTIATE_TEST_SUITE_P(
    Malformed, EndpointRejectTest,
    ::testing::Values(
        Reject{"tcp", "127.0.0.1",
               absl::InvalidArgumentError(
                   "address 127.0.0.1: missing port in address")},
        Reject{"tcp", "1:2:3",
               absl::InvalidArgumentError(
                   "address 1:2:3: too many colons in address")},
        Reject{"tcp", "host:99999",
               absl::InvalidArgumentError("address 99999: invalid port")},
        Reject{"tcp", "host:-1",
               absl::InvalidArgumentError("address -1: invalid port")},
        Reject{"tcp4", "127.0.0.1:nosuchsvc",
               absl::NotFoundError("lookup tcp/nosuchsvc: unknown port")},
        Reject{"tcp", "[fe80::1%nosuch0]:80",
               absl::NotFoundError(
                   "address fe80::1%nosuch0: no such network interface")}));

TEST(FilterFamilyTest, KeepsWhatTheNetworkCanUse) {
  const std::vector<IpAddr> all = {kV6, kMapped, IpAddr::V4(10, 0, 0, 1)};
  using Ips = std::vector<IpAddr>;
  EXPECT_EQ(*FilterFamily("tcp", "db", all),
            (Ips{kV6, kV4, IpAddr::V4(10, 0, 0, 1)}));
  EXPECT_EQ(*FilterFamily("tcp4", "db", all),
            (Ips{kV4, IpAddr::V4(10, 0, 0, 1)}));
  EXPECT_EQ(*FilterFamily("ip6:58", "db", all), (Ips{kV6}));
}

TEST(FilterFamilyTest, NothingLeftIsAnError) {
  const absl::Status unsuitable =
      absl::InvalidArgumentError("address db: no suitable address found");
  EXPECT_EQ(FilterFamily("tcp4", "db", {kV6}).status(), unsuitable);
  EXPECT_EQ(FilterFamily("tcp6", "db", {kV4, kMapped}).status(), unsuitable);
  EXPECT_EQ(FilterFamily("tcp", "db", {}).status(), unsuitable);
  EXPECT_EQ(FilterFamily("tcp", "db", {IpAddr()}).status(), unsuitable);
}

TEST(EndpointValueTest, ComparesHashesAndPrints) {
  const std::vector<Endpoint> in_order = {
      {"", IpAddr(), 0}, {"", IpAddr(), 80},   {"127.0.0.1", kV4, 80},
      {"::1", kV6, 80},  {"db", IpAddr(), 80}, {"db", IpAddr(), 81}};
  for (size_t i = 0; i < in_order.size(); ++i) {
    for (size_t j = 0; j < in_order.size(); ++j) {
      EXPECT_EQ(in_order[i] < in_order[j], i < j);
      EXPECT_EQ(in_order[i] == in_order[j], i == j);
      EXPECT_EQ(in_order[i] != in_order[j], i != j);
    }
  }
  EXPECT_TRUE(absl::VerifyTypeImplementsAbslHashCorrectly(in_order));
  std::ostringstream out;
  out << in_order[1] << ' ' << in_order[3] << ' ' << in_order[4];
  EXPECT_EQ(out.str(), ":80 [::1]:80 db:80");
}

// Nothing crashes, and what was printed says the same again.
TEST(EndpointFuzzTest, RandomTextParsesAndPrintsBack) {
  static constexpr absl::string_view kPieces[] = {
      "[", "]", ":", "::1", "%", "1", "127.0.0.1", "db", "-", "http", ":80"};
  static constexpr absl::string_view kNetworks[] = {"tcp", "udp4", "tcp6"};
  std::mt19937 random(6);
  int parsed = 0;
  for (int i = 0; i < 20000; ++i) {
    const absl::string_view network = kNetworks[random() % 3];
    std::string text;
    for (uint32_t n = random() % 6; n > 0; --n) {
      absl::StrAppend(&text, kPieces[random() % std::size(kPieces)]);
    }
    const auto endpoint = ParseEndpoint(network, text);
    if (!endpoint.ok()) continue;
    ++parsed;
    std::ostringstream printed;
    printed << *endpoint;
    const auto again = ParseEndpoint(network, printed.str());
    ASSERT_TRUE(again.ok()) << text << ": " << again.status();
    EXPECT_EQ(*again, *endpoint) << text;
    if (endpoint->needs_lookup()) continue;
    const Addr addr = Addr::Tcp(endpoint->ip, endpoint->port);
    const auto dialled = ParseEndpoint(network, addr.ToString());
    ASSERT_TRUE(dialled.ok()) << text << ": " << dialled.status();
    EXPECT_EQ(Addr::Tcp(dialled->ip, dialled->port), addr) << text;
  }
  EXPECT_GT(parsed, 1000);
}

}  // namespace
}  // namespace plumb
