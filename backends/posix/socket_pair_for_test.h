// Two connected sockets, for tests.
#ifndef PLUMB_BACKENDS_POSIX_SOCKET_PAIR_FOR_TEST_H_
#define PLUMB_BACKENDS_POSIX_SOCKET_PAIR_FOR_TEST_H_

#include <sys/socket.h>

#include <memory>
#include <string>

#include "backends/posix/descriptor.h"
#include "transport/addr.h"
#include "transport/call.h"

namespace plumb {

struct SocketPair {
  // `type` is SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.
  explicit SocketPair(int type) {
    int fds[2] = {-1, -1};
    socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
    a = Descriptor(fds[0]);
    b = Descriptor(fds[1]);
  }

  // For either end: "read unix @->@: ...".
  static std::shared_ptr<const CallNames> Names() {
    return std::make_shared<const CallNames>(
        CallNames{"unix", Addr::Unnamed("unix"), Addr::Unnamed("unix")});
  }

  Descriptor a;
  Descriptor b;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_SOCKET_PAIR_FOR_TEST_H_
