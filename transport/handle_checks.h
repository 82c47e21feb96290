// What HandlePassing refuses, in the same words everywhere: for backends.
//
// `info` is of the operation that is to send the handles, or that received
// them.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_HANDLE_CHECKS_H_
#define PLUMB_TRANSPORT_HANDLE_CHECKS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "transport/error.h"

namespace plumb {

// Whether `handles` can be sent: not more than kMaxHandles, and on a stream not
// with no byte to go along with, which is what `no_bytes` says.
absl::Status CheckOutgoingHandles(bool no_bytes, absl::Span<const int> handles,
                                  ErrorInfo info);

// Whether the `count` that came are no more than `max_handles`.
absl::Status CheckIncomingHandles(size_t count, size_t max_handles,
                                  ErrorInfo info);

// One of the handles is not open.
absl::Status BadHandleError(ErrorInfo info);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_HANDLE_CHECKS_H_
