#include "testing/differential/ethernet_for_test.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include <cstring>

#include "backends/ip/interface_for_test.h"

namespace plumb {
namespace {

constexpr char kName[] = "plumb0";

}  // namespace

EthernetForTest::EthernetForTest(const char* address)
    : tap_(open("/dev/net/tun", O_RDWR | O_CLOEXEC)) {
  ifreq tap = {};
  std::strcpy(tap.ifr_name, kName);
  tap.ifr_flags = IFF_TAP | IFF_NO_PI;
  ok_ = ioctl(tap_.get(), TUNSETIFF, &tap) == 0 &&
        SetIpv4Address(kName, address, 8) && BringUp(kName);
}

}  // namespace plumb
