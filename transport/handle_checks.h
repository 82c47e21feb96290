// What HandlePassing refuses, in the same words everywhere, and what its errors
// say of the bytes: for backends and decorators.
//
// `info` is of the operation that is to send the handles, or that received
// them.
//
// Threads: any.
#ifndef PLUMB_TRANSPORT_HANDLE_CHECKS_H_
#define PLUMB_TRANSPORT_HANDLE_CHECKS_H_

#include <cstddef>
#include <optional>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "transport/error.h"
#include "transport/packet_conn.h"

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

// How many bytes a ReadWithHandles into a buffer of `room` bytes has read
// although it gives `status`, which is about their handles; 0 when it is about
// something else.
size_t SizeWithoutHandles(const absl::Status& status, size_t room);

// The same of a ReadFromWithHandles. That a datagram without bytes has been
// read only its sender shows, if that has a name; and of one that was cut
// nobody knows by how much.
std::optional<Received> ReceivedWithoutHandles(const absl::Status& status,
                                               size_t room);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_HANDLE_CHECKS_H_
