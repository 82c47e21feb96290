#include "backends/posix/op_error.h"

#include <optional>
#include <utility>

namespace plumb {

absl::Status SyscallError(absl::string_view syscall, int error) {
  return ErrnoError(ErrorInfo(), syscall, error);
}

absl::Status ForOp(const absl::Status& cause, ErrorInfo info) {
  const std::optional<ErrorInfo> inner = GetErrorInfo(cause);
  if (inner.has_value()) {
    info.kind = inner->kind;
    info.syscall = inner->syscall;
    info.errno_value = inner->errno_value;
    info.detail = inner->detail;
  }
  return OpError(cause.code(), std::move(info), cause.message());
}

}  // namespace plumb
