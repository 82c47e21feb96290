#include "backends/ip/private_network_for_test.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
// After the C library's.
#include <linux/capability.h>
#include <linux/ipv6.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "backends/posix/descriptor.h"

namespace plumb {

bool EnterPrivateNetwork() {
  // Where user namespaces are forbidden root can do without.
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 &&
      unshare(CLONE_NEWNET) != 0) {
    return false;
  }
  const Descriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq loopback = {};
  std::strcpy(loopback.ifr_name, "lo");
  if (ioctl(fd.get(), SIOCGIFFLAGS, &loopback) != 0) return false;
  loopback.ifr_flags |= IFF_UP;
  return ioctl(fd.get(), SIOCSIFFLAGS, &loopback) == 0;
}

bool AddLoopbackAddress(const char* ipv6) {
  const Descriptor fd(socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  in6_ifreq request = {};
  request.ifr6_ifindex = static_cast<int>(if_nametoindex("lo"));
  request.ifr6_prefixlen = 128;
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_scope_id = static_cast<uint32_t>(request.ifr6_ifindex);
  if (inet_pton(AF_INET6, ipv6, &address.sin6_addr) != 1) return false;
  request.ifr6_addr = address.sin6_addr;
  if (ioctl(fd.get(), SIOCSIFADDR, &request) != 0) return errno == EEXIST;
  // Only then is it known that nobody else has it.
  while (bind(fd.get(), reinterpret_cast<sockaddr*>(&address),
              sizeof address) != 0) {
    if (errno != EADDRNOTAVAIL) return false;
    sched_yield();
  }
  return true;
}

void DropCapabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  // The system call, unlike libcap's process-wide ways, is the thread's own.
  syscall(SYS_capset, &header, none);
}

}  // namespace plumb
