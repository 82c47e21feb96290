#include "backends/posix/ip_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/posix/descriptor.h"
#include "backends/posix/socket.h"
#include "gtest/gtest.h"
#include "testing/no_descriptors_for_test.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

const IpAddr kV4 = IpAddr::LoopbackV4();
const IpAddr kV6 = IpAddr::LoopbackV6();

void ExpectFamily(IpFamily got, int family, bool v6_only) {
  EXPECT_EQ(got.family, family);
  EXPECT_EQ(got.v6_only, v6_only);
}

// First here, as the answer is kept.
TEST(IpSocket, OutOfDescriptorsIsNoAnswer) {
  {
    const NoDescriptors none;
    EXPECT_FALSE(SystemMapsIpv4());
  }
  EXPECT_TRUE(SystemMapsIpv4());
}

TEST(IpSocket, FamilyForListen) {
  ASSERT_TRUE(SystemMapsIpv4());
  ExpectFamily(FamilyForListen("tcp", IpAddr()), AF_INET6, false);
  ExpectFamily(FamilyForListen("tcp", IpAddr::AnyV4()), AF_INET6, false);
  ExpectFamily(FamilyForListen("udp", IpAddr::AnyV6()), AF_INET6, false);
  ExpectFamily(FamilyForListen("tcp4", IpAddr()), AF_INET, false);
  ExpectFamily(FamilyForListen("tcp6", IpAddr()), AF_INET6, true);
  ExpectFamily(FamilyForListen("tcp", kV4), AF_INET, false);
  ExpectFamily(FamilyForListen("tcp", kV6), AF_INET6, false);
}

TEST(IpSocket, FamilyForDial) {
  ExpectFamily(FamilyForDial("tcp", IpAddr(), kV4), AF_INET, false);
  ExpectFamily(FamilyForDial("tcp", IpAddr(), kV6), AF_INET6, false);
  ExpectFamily(FamilyForDial("tcp", IpAddr(), IpAddr()), AF_INET, false);
  ExpectFamily(FamilyForDial("tcp", IpAddr::AnyV6(), kV4), AF_INET6, false);
  ExpectFamily(FamilyForDial("tcp", IpAddr::AnyV4(), kV6), AF_INET6, false);
  ExpectFamily(FamilyForDial("udp4", IpAddr::AnyV6(), kV4), AF_INET, false);
  ExpectFamily(FamilyForDial("udp6", IpAddr(), kV6), AF_INET6, true);
}

TEST(IpSocket, V6OnlyIsAlwaysSet) {
  for (bool only : {false, true}) {
    const Descriptor fd = *MakeIpSocket({AF_INET6, only}, SOCK_DGRAM);
    EXPECT_EQ(*GetIntOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY), only ? 1 : 0);
  }
}

}  // namespace
}  // namespace plumb
