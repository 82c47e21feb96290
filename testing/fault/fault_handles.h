// Descriptors that wait with the bytes that they go along with.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_FAULT_FAULT_HANDLES_H_
#define PLUMB_TESTING_FAULT_FAULT_HANDLES_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "transport/descriptor.h"
#include "transport/error.h"

namespace plumb {

struct FaultHandles {
  std::vector<Descriptor> handles;
  // Why those that came cannot be had, although the bytes can.
  absl::Status lost;
};

// Shared by the copies of one message; null for none.
using SharedHandles = std::shared_ptr<FaultHandles>;

// Duplicates of `handles`, which stay the caller's; null when there are none.
// `no_bytes`, `info` and errors: as DuplicateHandles.
absl::StatusOr<SharedHandles> CopyHandles(bool no_bytes,
                                          absl::Span<const int> handles,
                                          const ErrorInfo& info);

// Their numbers, for a call that sends them.
std::vector<int> HandleNumbers(const SharedHandles& handles);

// For one reader, who takes `max_handles` at most: the handles themselves, or,
// when a copy of the message is still to come, duplicates. Errors: as
// HandlePassing::ReadWithHandles, of `info`.
absl::StatusOr<std::vector<Descriptor>> TakeHandles(SharedHandles handles,
                                                    size_t max_handles,
                                                    const ErrorInfo& info);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_HANDLES_H_
