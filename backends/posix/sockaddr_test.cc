#include "backends/posix/sockaddr.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

constexpr socklen_t kPathOffset = offsetof(sockaddr_un, sun_path);

IpAddr V6(uint8_t last) {
  return IpAddr::V6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last},
                    3);
}

TEST(SockAddr, NoAddress) {
  const SockAddr none;
  EXPECT_EQ(none.family(), AF_UNSPEC);
  EXPECT_FALSE(none.ToAddr("tcp").has_value());
}

TEST(SockAddr, Ipv4) {
  const SockAddr address = *SockAddr::Ip({IpAddr::V4(1, 2, 3, 4), 80}, AF_INET);
  EXPECT_EQ(address.family(), AF_INET);
  EXPECT_EQ(address.size(), sizeof(sockaddr_in));
  EXPECT_EQ(address.ToAddr("tcp"), Addr::Tcp(IpAddr::V4(1, 2, 3, 4), 80));
}

TEST(SockAddr, Ipv6WithZone) {
  const SockAddr address = *SockAddr::Ip({V6(1), 80}, AF_INET6);
  EXPECT_EQ(address.size(), sizeof(sockaddr_in6));
  EXPECT_EQ(address.ToAddr("udp"), Addr::Udp(V6(1), 80));
}

TEST(SockAddr, Ipv4OnIpv6SocketIsMappedAndUnmapped) {
  const SockAddr address =
      *SockAddr::Ip({IpAddr::V4(1, 2, 3, 4), 80}, AF_INET6);
  EXPECT_EQ(address.family(), AF_INET6);
  sockaddr_in6 raw;
  std::memcpy(&raw, address.get(), sizeof raw);
  EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&raw.sin6_addr));
  EXPECT_EQ(address.ToAddr("tcp"), Addr::Tcp(IpAddr::V4(1, 2, 3, 4), 80));
}

TEST(SockAddr, WildcardOfEitherFamily) {
  for (const IpAddr& ip : {IpAddr(), IpAddr::AnyV4()}) {
    EXPECT_EQ(SockAddr::Ip({ip, 1}, AF_INET)->ToAddr("tcp").ToString(),
              "0.0.0.0:1");
    EXPECT_EQ(SockAddr::Ip({ip, 1}, AF_INET6)->ToAddr("tcp").ToString(),
              "[::]:1");
  }
}

TEST(SockAddr, Ipv6OnIpv4Socket) {
  const absl::Status status =
      SockAddr::Ip({IpAddr::LoopbackV6(), 9}, AF_INET).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "address ::1: non-IPv4 address");
}

TEST(SockAddr, IsAsItWasAfterAnError) {
  SockAddr address = *SockAddr::Ip({IpAddr::V4(1, 2, 3, 4), 80}, AF_INET);
  const absl::Status status = address.SetIp({IpAddr::LoopbackV6(), 9}, AF_INET);
  EXPECT_EQ(status.message(), "address ::1: non-IPv4 address");
  EXPECT_EQ(address.ToAddr("tcp"), Addr::Tcp(IpAddr::V4(1, 2, 3, 4), 80));
}

TEST(SockAddr, UnixPathHasItsTerminator) {
  const SockAddr address = *SockAddr::Unix("/run/x");
  EXPECT_EQ(address.size(), kPathOffset + 7);
  EXPECT_EQ(address.ToAddr("unix"), Addr::Named("unix", "/run/x"));
}

TEST(SockAddr, AbstractNameHasNone) {
  const SockAddr address = *SockAddr::Unix("@x");
  EXPECT_EQ(address.size(), kPathOffset + 2);
  EXPECT_EQ(reinterpret_cast<const sockaddr_un*>(address.get())->sun_path[0],
            '\0');
  EXPECT_EQ(address.ToAddr("unix"), Addr::Named("unix", "@x"));
}

TEST(SockAddr, AbstractNameMayHoldNuls) {
  const std::string name("@a\0b", 4);
  EXPECT_EQ(SockAddr::Unix(name)->ToAddr("unix"), Addr::Named("unix", name));
}

TEST(SockAddr, EmptyUnixNameIsTheFamilyAlone) {
  const SockAddr address = *SockAddr::Unix("");
  EXPECT_EQ(address.size(), kPathOffset);
  EXPECT_EQ(address.family(), AF_UNIX);
  EXPECT_FALSE(address.ToAddr("unix").has_value());
}

TEST(SockAddr, LongestUnixNames) {
  const std::string path(107, 'p');
  EXPECT_EQ(SockAddr::Unix(path)->ToAddr("unix").name(), path);
  const std::string name = "@" + path;
  EXPECT_EQ(SockAddr::Unix(name)->ToAddr("unix").name(), name);
}

TEST(SockAddr, UnixNamesThatDoNotFit) {
  for (const std::string& name :
       {std::string(108, 'p'), "@" + std::string(108, 'p'),
        std::string("a\0b", 3)}) {
    const absl::Status status = SockAddr::Unix(name).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "invalid argument");
  }
}

}  // namespace
}  // namespace plumb
