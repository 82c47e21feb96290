#include "transport/fiber/epoll_waits_for_test.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace plumb {

std::atomic<int> epoll_looks{0};
std::atomic<int> epoll_waits{0};

}  // namespace plumb

// In place of the C library's.
extern "C" int epoll_wait(int epoll, epoll_event* events, int most,
                          int timeout) {
  ++(timeout == 0 ? plumb::epoll_looks : plumb::epoll_waits);
  return static_cast<int>(
      syscall(SYS_epoll_pwait, epoll, events, most, timeout, nullptr, 0));
}
