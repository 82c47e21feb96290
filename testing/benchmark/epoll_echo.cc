// The least that an echo server can do on Linux: one thread, epoll(7), one
// buffer, no library. What others are compared with.
//
//   epoll_echo PORT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

int Listen(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Accepted sockets inherit it.
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in at = {};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<uint16_t>(port));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    Fail("bind");
  }
  if (listen(fd, 4096) != 0) Fail("listen");
  return fd;
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

[[noreturn]] void Serve(int listener) {
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
  if (argc != 2) {
    std::fputs("epoll_echo: needs a port\n", stderr);
    return 2;
  }
  Serve(Listen(std::atoi(argv[1])));
}
