// The system calls on sockets that do not wait, with Go's names for them in the
// errors: "bind: address already in use" (complete them with ForOp,
// op_error.h).
//
// Every descriptor made here is close-on-exec and non-blocking from its
// creation. EINTR is never seen. No call here raises SIGPIPE.
//
// Unstable: for backends; it may change with any release.
//
// Threads: any.
#ifndef PLUMB_BACKENDS_POSIX_SOCKET_H_
#define PLUMB_BACKENDS_POSIX_SOCKET_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/sockaddr.h"

namespace plumb {

// socket(2).
absl::StatusOr<Descriptor> MakeSocket(int family, int type, int protocol);

// connect(2), for what is there or not at once: a unix socket, a datagram
// socket. connector.h waits.
absl::Status ConnectSocket(int fd, const SockAddr& address);

// bind(2), listen(2), shutdown(2).
absl::Status BindSocket(int fd, const SockAddr& address);
absl::Status ListenSocket(int fd, int backlog);
absl::Status ShutdownSocket(int fd, int how);

// getsockname(2), getpeername(2).
absl::StatusOr<SockAddr> SocketName(int fd);
absl::StatusOr<SockAddr> PeerName(int fd);

// setsockopt(2), getsockopt(2): of any value, of an int.
absl::Status SetOption(int fd, int level, int name, const void* value,
                       size_t size);
absl::Status GetOption(int fd, int level, int name, void* value, size_t size);
absl::Status SetIntOption(int fd, int level, int name, int value);
absl::StatusOr<int> GetIntOption(int fd, int level, int name);

// SO_LINGER; see TcpControl::SetLinger.
absl::Status SetLingerOption(int fd, absl::Duration linger);

// The longest queue of connections that the system allows (somaxconn), as it
// was when the process first asked.
int MaxBacklog();

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_SOCKET_H_
