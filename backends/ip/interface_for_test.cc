#include "backends/ip/interface_for_test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
// After the C library's.
#include <linux/ipv6.h>
#include <sched.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>

#include "backends/posix/descriptor.h"

namespace plumb {
namespace {

// A socket that stands for the IPv4 or IPv6 of the network.
Descriptor Control(int family) {
  return Descriptor(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

ifreq Request(const char* interface) {
  ifreq request = {};
  std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
  return request;
}

bool Flags(const char* interface, short& flags) {
  ifreq request = Request(interface);
  if (ioctl(Control(AF_INET).get(), SIOCGIFFLAGS, &request) != 0) return false;
  flags = request.ifr_flags;
  return true;
}

bool SetIpv4(const char* interface, unsigned long what, uint32_t value) {
  ifreq request = Request(interface);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(value);
  std::memcpy(&request.ifr_addr, &address, sizeof address);
  return ioctl(Control(AF_INET).get(), what, &request) == 0;
}

}  // namespace

bool BringUp(const char* interface) {
  ifreq request = Request(interface);
  if (!Flags(interface, request.ifr_flags)) return false;
  request.ifr_flags |= IFF_UP;
  return ioctl(Control(AF_INET).get(), SIOCSIFFLAGS, &request) == 0;
}

bool IsRunning(const char* interface) {
  short flags = 0;
  return Flags(interface, flags) && (flags & IFF_RUNNING) != 0;
}

bool SetIpv4Address(const char* interface, const char* address, int bits) {
  in_addr parsed = {};
  if (inet_pton(AF_INET, address, &parsed) != 1) return false;
  return SetIpv4(interface, SIOCSIFADDR, ntohl(parsed.s_addr)) &&
         SetIpv4(interface, SIOCSIFNETMASK, ~uint32_t{0} << (32 - bits));
}

bool AddIpv6Address(const char* interface, const char* address, int bits) {
  const Descriptor fd = Control(AF_INET6);
  in6_ifreq request = {};
  request.ifr6_ifindex = static_cast<int>(if_nametoindex(interface));
  request.ifr6_prefixlen = static_cast<uint32_t>(bits);
  sockaddr_in6 socket_address = {};
  socket_address.sin6_family = AF_INET6;
  socket_address.sin6_scope_id = static_cast<uint32_t>(request.ifr6_ifindex);
  if (inet_pton(AF_INET6, address, &socket_address.sin6_addr) != 1) {
    return false;
  }
  request.ifr6_addr = socket_address.sin6_addr;
  if (ioctl(fd.get(), SIOCSIFADDR, &request) != 0) return errno == EEXIST;
  // Only then is it known that nobody else has it.
  while (bind(fd.get(), reinterpret_cast<sockaddr*>(&socket_address),
              sizeof socket_address) != 0) {
    if (errno != EADDRNOTAVAIL) return false;
    sched_yield();
  }
  return true;
}

bool RouteIpv4Through(const char* interface) {
  rtentry route = {};
  std::string name = interface;
  route.rt_dev = name.data();
  route.rt_flags = RTF_UP;
  sockaddr_in any = {};
  any.sin_family = AF_INET;
  std::memcpy(&route.rt_dst, &any, sizeof any);
  std::memcpy(&route.rt_genmask, &any, sizeof any);
  return ioctl(Control(AF_INET).get(), SIOCADDRT, &route) == 0 ||
         errno == EEXIST;
}

bool RouteIpv6MulticastThrough(const char* interface) {
  in6_rtmsg route = {};
  route.rtmsg_dst.s6_addr[0] = 0xff;
  route.rtmsg_dst_len = 8;
  route.rtmsg_metric = 1;
  route.rtmsg_ifindex = static_cast<int>(if_nametoindex(interface));
  // Of other routes through the loopback the kernel makes refusals.
  route.rtmsg_flags = RTF_UP | RTF_LOCAL;
  return ioctl(Control(AF_INET6).get(), SIOCADDRT, &route) == 0 ||
         errno == EEXIST;
}

}  // namespace plumb
