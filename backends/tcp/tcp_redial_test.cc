#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/posix/descriptor.h"
#include "backends/tcp/tcp.h"
#include "backends/tcp/tcp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/error.h"
#include "transport/options.h"
#include "transport/transport.h"

namespace {

std::atomic<int> connects{0};
std::atomic<bool> connect_to_itself{false};
std::atomic<bool> no_port_left{false};

}  // namespace

// In place of the C library's.
extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  ++connects;
  if (no_port_left) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  if (connect_to_itself) {
    // As when the kernel chooses the very port that is dialled. Nothing of it
    // waits in the kernel after its end.
    const linger now = {1, 0};
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, address, size) != 0) return -1;
  }
  return static_cast<int>(syscall(SYS_connect, fd, address, size));
}

namespace plumb {
namespace {

using Code = absl::StatusCode;

// S-DI-12.
TEST_F(TcpTest, AConnectionToItselfIsTriedAgainTwiceAndThenRefused) {
  const std::string address = ClosedAddress();
  connects = 0;
  connect_to_itself = true;
  const absl::Status status = tcp_->Dial("tcp", address).status();
  connect_to_itself = false;
  ExpectError(
      status, Code::kUnavailable,
      absl::StrCat("dial tcp ", address, ": connect: connection refused"));
  EXPECT_TRUE(IsRefused(status));
  EXPECT_EQ(connects, 3);
}

// S-DI-12.
TEST_F(TcpTest, WithoutAFreePortItIsTriedAgainTwice) {
  const std::string address = ClosedAddress();
  DialOptions fixed, any;
  fixed.local_address = ClosedAddress();
  any.local_address = "127.0.0.1:0";
  const struct {
    DialOptions options;
    std::string names;
    int tries;
  } kCases[] = {
      {DialOptions(), address, 3},
      {any, absl::StrCat("127.0.0.1:0->", address), 3},
      {fixed, absl::StrCat(*fixed.local_address, "->", address), 1},
  };
  for (const auto& c : kCases) {
    connects = 0;
    no_port_left = true;
    const absl::Status status = tcp_->Dial("tcp", address, c.options).status();
    no_port_left = false;
    ExpectError(status, CodeForErrno("connect", EADDRNOTAVAIL),
                absl::StrCat("dial tcp ", c.names,
                             ": connect: cannot assign requested address"));
    EXPECT_EQ(connects, c.tries);
  }
}

// Of a network of our own: its only port for clients becomes `port`.
bool SetOnlyPort(int port) {
  const Descriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = {};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  if (ioctl(fd.get(), SIOCSIFFLAGS, &request) != 0) return false;
  std::ofstream range("/proc/sys/net/ipv4/ip_local_port_range");
  range << port << " " << port << std::endl;
  return range.good();
}

// S-DI-12.
TEST_F(TcpTest, ConnectionToItselfIsNone) {
  // Not fork(2) and unshare(2), which fails when a sanitizer has a thread.
  const auto child = static_cast<pid_t>(
      syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNET | SIGCHLD, nullptr,
              nullptr, nullptr, nullptr));
  if (child == 0) {
    if (!SetOnlyPort(40000)) _exit(2);
    const absl::Status status =
        MakeTcp()->Dial("tcp", "127.0.0.1:40000").status();
    // Refused, or no port left while the kernel remembers the first try.
    _exit(status.code() == Code::kUnavailable ? 0 : 1);
  }
  int result = 0;
  ASSERT_EQ(waitpid(child, &result, 0), child);
  EXPECT_EQ(WEXITSTATUS(result), 0);
}

}  // namespace
}  // namespace plumb
