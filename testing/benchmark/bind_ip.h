// A socket at a port of every IPv4 address, for the servers that use no
// library.
#ifndef PLUMB_TESTING_BENCHMARK_BIND_IP_H_
#define PLUMB_TESTING_BENCHMARK_BIND_IP_H_

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace benchmark_server {

[[noreturn]] inline void Fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// `type` is SOCK_STREAM or SOCK_DGRAM, with flags of socket(2).
inline int BindIp(int type, int port) {
  const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
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
  return fd;
}

}  // namespace benchmark_server

#endif  // PLUMB_TESTING_BENCHMARK_BIND_IP_H_
