// The part of a Dial that waits: connecting within the limits of its options
// and of the scopes around it.
//
//   const Connector connector(clock_, options.timeout, options.deadline);
//   absl::Status status = connector.Check(info);          // before a look-up
//   ...
//   status = connector.Connect(fd, to, connector.deadline(), info);
//
// Unstable: for backends; it may change with any release.
//
// Threads: any; Connect suspends the caller.
#ifndef PLUMB_BACKENDS_POSIX_CONNECTOR_H_
#define PLUMB_BACKENDS_POSIX_CONNECTOR_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "backends/posix/sockaddr.h"
#include "transport/clock.h"
#include "transport/error.h"

namespace plumb {

class Connector {
 public:
  // Ends `timeout` from now, and at `deadline` at the latest.
  Connector(Clock& clock, absl::Duration timeout,
            absl::Time deadline = absl::InfiniteFuture());

  // The end of the whole Dial, which a jump of the calendar does not move.
  MonotonicNanos deadline() const { return deadline_; }

  // The end of the try of one address of which `left` are still to be tried, it
  // included: an equal share of the time that remains, but 2 s at least where
  // there is so much.
  MonotonicNanos ShareOfDeadline(size_t left) const;

  // OK, or why Dial has to end: a scope was cancelled, or a deadline has
  // passed.
  // Without an `info` it is a cause for ForOp (op_error.h).
  absl::Status Check(const ErrorInfo& info = ErrorInfo()) const;

  // Connects `fd`; on a unix socket pauses and tries again while the listener's
  // queue is full. Errors are those of `info`'s operation.
  absl::Status Connect(int fd, const SockAddr& to, MonotonicNanos deadline,
                       const ErrorInfo& info) const;

 private:
  Clock& clock_;
  const MonotonicNanos deadline_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_CONNECTOR_H_
