#include "backends/ip/private_network_for_test.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "backends/ip/interface_for_test.h"

namespace plumb {

bool EnterPrivateNetwork() {
  // Where user namespaces are forbidden root can do without.
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 &&
      unshare(CLONE_NEWNET) != 0) {
    return false;
  }
  return BringUp("lo");
}

bool AddLoopbackAddress(const char* ipv6) {
  return AddIpv6Address("lo", ipv6, 128);
}

void DropCapabilities() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  // The system call, unlike libcap's process-wide ways, is the thread's own.
  syscall(SYS_capset, &header, none);
}

}  // namespace plumb
