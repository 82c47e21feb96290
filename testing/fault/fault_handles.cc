#include "testing/fault/fault_handles.h"

#include <cerrno>
#include <utility>

#include "backends/fake/handles.h"
#include "transport/handle_checks.h"

namespace plumb {

absl::StatusOr<SharedHandles> CopyHandles(bool no_bytes,
                                          absl::Span<const int> handles,
                                          const ErrorInfo& info) {
  if (handles.empty()) return SharedHandles();
  absl::StatusOr<std::vector<Descriptor>> copies =
      DuplicateHandles(no_bytes, handles, info);
  if (!copies.ok()) return copies.status();
  auto shared = std::make_shared<FaultHandles>();
  shared->handles = *std::move(copies);
  return shared;
}

std::vector<int> HandleNumbers(const SharedHandles& handles) {
  std::vector<int> numbers;
  if (handles == nullptr) return numbers;
  for (const Descriptor& handle : handles->handles) {
    numbers.push_back(handle.get());
  }
  return numbers;
}

absl::StatusOr<std::vector<Descriptor>> TakeHandles(SharedHandles handles,
                                                    size_t max_handles,
                                                    const ErrorInfo& info) {
  if (handles == nullptr) return std::vector<Descriptor>();
  if (!handles->lost.ok()) {
    ErrorInfo own = GetErrorInfo(handles->lost).value_or(ErrorInfo());
    own.bytes_done = info.bytes_done;
    return WithErrorInfo(handles->lost, own);
  }
  const absl::Status possible =
      CheckIncomingHandles(handles->handles.size(), max_handles, info);
  if (!possible.ok()) return possible;
  if (handles.use_count() == 1) return std::move(handles->handles);
  absl::StatusOr<std::vector<Descriptor>> duplicates =
      DuplicateHandles(false, HandleNumbers(handles), info);
  // As if they had come just now.
  if (!duplicates.ok()) return ErrnoError(info, "recvmsg", EMFILE);
  return duplicates;
}

}  // namespace plumb
