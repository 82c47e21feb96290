#include "testing/capture/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "transport/errno_text.h"
#include "transport/error.h"

namespace plumb {
namespace {

absl::Status FileError(absl::string_view call, const std::string& path,
                       int error) {
  return absl::Status(CodeForErrno(call, error),
                      absl::StrCat(call, " ", path, ": ", ErrnoText(error)));
}

// Open for as long as it lives.
class File {
 public:
  File(const std::string& path, int flags)
      : descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (is_open()) close(descriptor_);
  }

  bool is_open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  // What close(2) returns: a disk may be full only then.
  int Close() { return close(std::exchange(descriptor_, -1)); }

 private:
  int descriptor_;
};

absl::Status WriteAll(File& file, const std::string& path,
                      absl::string_view rest) {
  while (!rest.empty()) {
    const ssize_t n = write(file.descriptor(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("write", path, errno);
    rest.remove_prefix(static_cast<size_t>(n));
  }
  if (file.Close() != 0) return FileError("close", path, errno);
  return absl::OkStatus();
}

void RemoveIfRegular(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
    unlink(path.c_str());
  }
}

}  // namespace

absl::Status WriteWholeFile(const std::string& path,
                            absl::string_view contents) {
  File file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open()) return FileError("open", path, errno);
  absl::Status status = WriteAll(file, path, contents);
  if (!status.ok()) RemoveIfRegular(path);
  return status;
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  File file(path, O_RDONLY);
  if (!file.is_open()) return FileError("open", path, errno);
  std::string contents;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t n = read(file.descriptor(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FileError("read", path, errno);
    if (n == 0) return contents;
    contents.append(buffer, static_cast<size_t>(n));
  }
}

}  // namespace plumb
