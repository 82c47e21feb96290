#include "backends/fake/handles.h"

#include <fcntl.h>

#include <cerrno>

#include "transport/handle_checks.h"

namespace plumb {

absl::StatusOr<std::vector<Descriptor>> DuplicateHandles(
    bool no_bytes, absl::Span<const int> handles, const ErrorInfo& info) {
  const absl::Status possible = CheckOutgoingHandles(no_bytes, handles, info);
  if (!possible.ok()) return possible;
  std::vector<Descriptor> duplicates;
  duplicates.reserve(handles.size());
  for (int handle : handles) {
    duplicates.emplace_back(fcntl(handle, F_DUPFD_CLOEXEC, 0));
    if (duplicates.back().is_open()) continue;
    if (errno == EBADF) return BadHandleError(info);
    return ErrnoError(info, "sendmsg", errno);
  }
  return duplicates;
}

}  // namespace plumb
