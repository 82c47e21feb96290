// Descriptors that go along with bytes on a fake network. They are real ones:
// what is sent is duplicated there and then, and the duplicate is the
// receiver's.
//
// Threads: any.
#ifndef PLUMB_BACKENDS_FAKE_HANDLES_H_
#define PLUMB_BACKENDS_FAKE_HANDLES_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "transport/descriptor.h"
#include "transport/error.h"

namespace plumb {

// Duplicates of `handles`, close-on-exec. `no_bytes`, `info` and errors are
// those of CheckOutgoingHandles, and BadHandleError; ResourceExhausted when
// this process has no room for them.
absl::StatusOr<std::vector<Descriptor>> DuplicateHandles(
    bool no_bytes, absl::Span<const int> handles, const ErrorInfo& info);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_HANDLES_H_
