#include "transport/handle_checks.h"

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "transport/handle_passing.h"

namespace plumb {

absl::Status CheckOutgoingHandles(bool no_bytes, absl::Span<const int> handles,
                                  ErrorInfo info) {
  const absl::Status few =
      CheckIncomingHandles(handles.size(), kMaxHandles, info);
  // The kernel would lose them without a word.
  if (!few.ok() || !no_bytes || handles.empty()) return few;
  return OpError(absl::StatusCode::kInvalidArgument, std::move(info),
                 "handles without a byte to go along with");
}

absl::Status CheckIncomingHandles(size_t count, size_t max_handles,
                                  ErrorInfo info) {
  if (count <= max_handles) return absl::OkStatus();
  const std::string cause =
      absl::StrCat("too many handles: ", count, ", at most ", max_handles);
  return OpError(absl::StatusCode::kInvalidArgument, std::move(info), cause);
}

absl::Status BadHandleError(ErrorInfo info) {
  info.syscall = "sendmsg";
  info.errno_value = EBADF;
  return OpError(absl::StatusCode::kInvalidArgument, std::move(info),
                 "sendmsg: bad file descriptor");
}

size_t SizeWithoutHandles(const absl::Status& status, size_t room) {
  const uint64_t size = BytesDone(status);
  // More is the size of a message that was cut.
  return size <= room ? static_cast<size_t>(size) : 0;
}

std::optional<Received> ReceivedWithoutHandles(const absl::Status& status,
                                               size_t room) {
  const ErrorInfo info = GetErrorInfo(status).value_or(ErrorInfo());
  Received received;
  received.size = received.full_size = SizeWithoutHandles(status, room);
  if (received.size == 0 && !info.addr.has_value()) return std::nullopt;
  received.from = info.addr;
  return received;
}

}  // namespace plumb
