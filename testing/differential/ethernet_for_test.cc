#include "testing/differential/ethernet_for_test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

namespace plumb {
namespace {

constexpr char kName[] = "plumb0";

ifreq Request() {
  ifreq request = {};
  std::strcpy(request.ifr_name, kName);
  return request;
}

bool SetAddress(int fd, unsigned long what, const char* text) {
  ifreq request = Request();
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  if (inet_pton(AF_INET, text, &address.sin_addr) != 1) return false;
  std::memcpy(&request.ifr_addr, &address, sizeof address);
  return ioctl(fd, what, &request) == 0;
}

}  // namespace

EthernetForTest::EthernetForTest(const char* address)
    : tap_(open("/dev/net/tun", O_RDWR | O_CLOEXEC)) {
  ifreq tap = Request();
  tap.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(tap_.get(), TUNSETIFF, &tap) != 0) return;
  const Descriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq up = Request();
  up.ifr_flags = IFF_UP;
  ok_ = SetAddress(fd.get(), SIOCSIFADDR, address) &&
        SetAddress(fd.get(), SIOCSIFNETMASK, "255.0.0.0") &&
        ioctl(fd.get(), SIOCSIFFLAGS, &up) == 0;
}

}  // namespace plumb
