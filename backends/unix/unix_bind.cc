#include "backends/unix/unix_bind.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
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

// Whether nobody listens on the socket file. Errors are causes.
absl::StatusOr<bool> IsStale(const std::string& path, const SockAddr& address,
                             int type) {
  if (!IsSocketFile(path)) return false;
  const absl::StatusOr<Descriptor> fd = MakeSocket(AF_UNIX, type, 0);
  if (!fd.ok()) return fd.status();
  return IsRefused(ConnectSocket(fd->get(), address));
}

// Binds again without the socket file that was in the way, if nobody listens on
// it. Otherwise returns `in_use`, what the first bind returned, or why that
// cannot be found out.
absl::Status Replace(int fd, int type, const std::string& path,
                     const SockAddr& address, const absl::Status& in_use) {
  const absl::StatusOr<bool> stale = IsStale(path, address, type);
  if (!stale.ok()) return stale.status();
  if (!*stale) return in_use;
  unlink(path.c_str());
  return BindSocket(fd, address);
}

// The kernel gives the file the socket's own mode less the umask: what is to be
// forbidden is so from the start.
absl::Status SetModeBeforeBind(int fd, uint32_t mode) {
  return fchmod(fd, mode) == 0 ? absl::OkStatus()
                               : SyscallError("fchmod", errno);
}

// What the umask has taken away is given back, to that file which is looked at
// here: whoever may write to the directory may put another in its place.
absl::Status SetModeAfterBind(const std::string& path, uint32_t mode) {
  const Descriptor file(open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat info;
  if (!file.is_open()) return SyscallError("open", errno);
  if (fstat(file.get(), &info) != 0) return SyscallError("fstat", errno);
  if (!S_ISSOCK(info.st_mode) || info.st_uid != geteuid()) {
    return SyscallError("chmod", ENOTSOCK);
  }
  if ((info.st_mode & 07777) == mode) return absl::OkStatus();
  // fchmod(2) takes no descriptor of this kind.
  const std::string link = absl::StrCat("/proc/self/fd/", file.get());
  return chmod(link.c_str(), mode) == 0 ? absl::OkStatus()
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
  if (IsAddressInUse(status) && is_path && options.replace_stale) {
    status = Replace(fd, type, name, *address, status);
  }
  if (!status.ok() || !sets_mode) return status;
  status = SetModeAfterBind(name, *options.mode);
  if (!status.ok() && IsSocketFile(name)) unlink(name.c_str());
  return status;
}

}  // namespace plumb
