// The least that an echo server can do on Linux: one thread, epoll(7), one
// buffer, no library; of datagrams not even epoll. What others are compared
// with.
//
//   epoll_echo tcp PORT [WORKERS] | unix PATH [WORKERS] | udp PORT
//
// Workers are processes, which accept in common.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "testing/benchmark/bind_ip.h"

namespace {

using benchmark_server::BindIp;
using benchmark_server::Fail;

int BindUnix(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un at = {};
  at.sun_family = AF_UNIX;
  path.copy(at.sun_path, sizeof at.sun_path - 1);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    Fail("bind");
  }
  return fd;
}

[[noreturn]] void EchoDatagrams(int fd) {
  static char buffer[65536];
  for (;;) {
    sockaddr_in from;
    socklen_t size = sizeof from;
    auto* const peer = reinterpret_cast<sockaddr*>(&from);
    const ssize_t n = recvfrom(fd, buffer, sizeof buffer, 0, peer, &size);
    if (n < 0) continue;
    (void)sendto(fd, buffer, static_cast<size_t>(n), 0, peer, size);
  }
}

void Watch(int epoll, int fd) {
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) Fail("epoll_ctl");
}

void Echo(int fd) {
  static char buffer[16384];
  const ssize_t n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0 && errno == EAGAIN) return;
  if (n <= 0) {
    close(fd);
    return;
  }
  for (ssize_t done = 0; done < n;) {
    const ssize_t sent =
        send(fd, buffer + done, static_cast<size_t>(n - done), MSG_NOSIGNAL);
    if (sent < 0) {
      close(fd);
      return;
    }
    done += sent;
  }
}

[[noreturn]] void Serve(int listener, int workers) {
  if (listen(listener, 4096) != 0) Fail("listen");
  // All of them may wake for a connection, and one gets it.
  if (fcntl(listener, F_SETFL, O_NONBLOCK) != 0) Fail("fcntl");
  for (int i = 1; i < workers; ++i) {
    if (fork() == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      break;
    }
  }
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  Watch(epoll, listener);
  for (;;) {
    epoll_event events[128];
    const int count = epoll_wait(epoll, events, 128, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[i].data.fd;
      if (fd != listener) {
        Echo(fd);
        continue;
      }
      const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted >= 0) Watch(epoll, accepted);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string network = argc >= 3 ? argv[1] : "";
  const int workers = argc == 4 ? std::atoi(argv[3]) : 1;
  if (network == "tcp") Serve(BindIp(SOCK_STREAM, std::atoi(argv[2])), workers);
  if (network == "unix") Serve(BindUnix(argv[2]), workers);
  if (network == "udp") EchoDatagrams(BindIp(SOCK_DGRAM, std::atoi(argv[2])));
  std::fputs("epoll_echo: needs tcp PORT, unix PATH or udp PORT\n", stderr);
  return 2;
}
