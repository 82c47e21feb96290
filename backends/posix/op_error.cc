#include "backends/posix/op_error.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "transport/addr.h"

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

absl::Status UnknownNetworkError(absl::string_view op,
                                 absl::string_view network) {
  ErrorInfo info;
  info.op = std::string(op);
  info.network = std::string(network);
  return OpError(absl::StatusCode::kInvalidArgument, std::move(info),
                 absl::StrCat("unknown network ", network));
}

absl::Status UnexpectedTypeError(absl::string_view network,
                                 absl::string_view address) {
  ErrorInfo info;
  info.kind = ErrorKind::kUnsupported;
  info.op = "listen";
  info.network = std::string(network);
  // As it was given: nothing has been resolved.
  info.addr = Addr::Named("", address);
  return OpError(
      absl::StatusCode::kUnimplemented, std::move(info),
      absl::StrCat("address ", address, ": unexpected address type"));
}

}  // namespace plumb
