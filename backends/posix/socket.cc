#include "backends/posix/socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "backends/option_seconds.h"
#include "backends/posix/op_error.h"

namespace plumb {
namespace {

absl::Status CheckCall(const char* syscall, int result) {
  return result == 0 ? absl::OkStatus() : SyscallError(syscall, errno);
}

int ReadMaxBacklog() {
  const Descriptor file(
      open("/proc/sys/net/core/somaxconn", O_RDONLY | O_CLOEXEC));
  char text[16];
  const ssize_t n = read(file.get(), text, sizeof text);
  int value = 0;
  if (n <= 0 || !absl::SimpleAtoi(absl::string_view(text, n), &value)) {
    return SOMAXCONN;
  }
  return value;
}

}  // namespace

absl::StatusOr<Descriptor> MakeSocket(int family, int type, int protocol) {
  Descriptor fd(socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!fd.is_open()) return SyscallError("socket", errno);
  return fd;
}

absl::Status ConnectSocket(int fd, const SockAddr& address) {
  return CheckCall("connect", connect(fd, address.get(), address.size()));
}

absl::Status BindSocket(int fd, const SockAddr& address) {
  return CheckCall("bind", bind(fd, address.get(), address.size()));
}

absl::Status ListenSocket(int fd, int backlog) {
  return CheckCall("listen", listen(fd, backlog));
}

absl::Status ShutdownSocket(int fd, int how) {
  return CheckCall("shutdown", shutdown(fd, how));
}

absl::StatusOr<SockAddr> SocketName(int fd) {
  SockAddr name;
  name.set_size(SockAddr::kCapacity);
  if (getsockname(fd, name.get(), name.mutable_size()) != 0) {
    return SyscallError("getsockname", errno);
  }
  return name;
}

absl::StatusOr<SockAddr> PeerName(int fd) {
  SockAddr name;
  name.set_size(SockAddr::kCapacity);
  if (getpeername(fd, name.get(), name.mutable_size()) != 0) {
    return SyscallError("getpeername", errno);
  }
  return name;
}

absl::Status SetOption(int fd, int level, int name, const void* value,
                       size_t size) {
  return CheckCall("setsockopt", setsockopt(fd, level, name, value,
                                            static_cast<socklen_t>(size)));
}

absl::Status GetOption(int fd, int level, int name, void* value, size_t size) {
  auto length = static_cast<socklen_t>(size);
  return CheckCall("getsockopt", getsockopt(fd, level, name, value, &length));
}

absl::Status SetIntOption(int fd, int level, int name, int value) {
  return SetOption(fd, level, name, &value, sizeof value);
}

absl::StatusOr<int> GetIntOption(int fd, int level, int name) {
  int value = 0;
  const absl::Status status = GetOption(fd, level, name, &value, sizeof value);
  if (!status.ok()) return status;
  return value;
}

absl::Status SetLingerOption(int fd, absl::Duration duration) {
  linger value = {};
  value.l_onoff = duration < absl::ZeroDuration() ? 0 : 1;
  if (duration > absl::ZeroDuration()) value.l_linger = OptionSeconds(duration);
  return SetOption(fd, SOL_SOCKET, SO_LINGER, &value, sizeof value);
}

int MaxBacklog() {
  static const int backlog = ReadMaxBacklog();
  return backlog;
}

}  // namespace plumb
