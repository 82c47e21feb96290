#include "backends/unix/unix_bind.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/statusor.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/op_error.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "transport/error.h"
#include "transport/unix_name.h"

namespace plumb {
namespace {

bool IsSocketFile(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

// Whether nobody listens on the socket file.
bool IsStale(const std::string& path, const SockAddr& address, int type) {
  if (!IsSocketFile(path)) return false;
  const absl::StatusOr<Descriptor> fd = MakeSocket(AF_UNIX, type, 0);
  return fd.ok() && connect(fd->get(), address.get(), address.size()) != 0 &&
         errno == ECONNREFUSED;
}

// The kernel gives the file the socket's own mode less the umask: what is to be
// forbidden is so from the start.
absl::Status SetModeBeforeBind(int fd, uint32_t mode) {
  return fchmod(fd, mode) == 0 ? absl::OkStatus()
                               : SyscallError("fchmod", errno);
}

// What the umask has taken away is given back.
absl::Status SetModeAfterBind(const std::string& path, uint32_t mode) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) return SyscallError("lstat", errno);
  if ((info.st_mode & 07777) == mode) return absl::OkStatus();
  return chmod(path.c_str(), mode) == 0 ? absl::OkStatus()
                                        : SyscallError("chmod", errno);
}

}  // namespace

absl::Status BindUnixName(int fd, int type, const std::string& name,
                          const UnixListenOptions& options) {
  const absl::StatusOr<SockAddr> address = SockAddr::Unix(name);
  if (!address.ok()) return SyscallError("bind", EINVAL);
  const bool is_path = !name.empty() && !IsAbstractUnixName(name);
  const bool sets_mode = is_path && options.mode.has_value();
  if (sets_mode) {
    const absl::Status status = SetModeBeforeBind(fd, *options.mode);
    if (!status.ok()) return status;
  }
  absl::Status status = BindSocket(fd, *address);
  if (IsAddressInUse(status) && is_path && options.replace_stale &&
      IsStale(name, *address, type)) {
    unlink(name.c_str());
    status = BindSocket(fd, *address);
  }
  if (!status.ok() || !sets_mode) return status;
  status = SetModeAfterBind(name, *options.mode);
  if (!status.ok()) unlink(name.c_str());
  return status;
}

}  // namespace plumb
