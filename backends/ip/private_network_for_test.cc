#include "backends/ip/private_network_for_test.h"

#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

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

void DropCapabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  // The system call, unlike libcap's process-wide ways, is the thread's own.
  syscall(SYS_capset, &header, none);
}

}  // namespace plumb
