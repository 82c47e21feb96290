#include "backends/posix/connector.h"

#include <algorithm>
#include <cerrno>

#include "backends/posix/backoff.h"
#include "backends/posix/socket_ops.h"
#include "transport/call.h"

namespace plumb {

Connector::Connector(Clock& clock, absl::Duration timeout, absl::Time deadline)
    : clock_(clock),
      deadline_(std::min(deadline, timeout == absl::InfiniteDuration()
                                       ? absl::InfiniteFuture()
                                       : clock.TimeNow() + timeout)) {}

absl::Time Connector::ShareOfDeadline(size_t left) const {
  if (deadline_ == absl::InfiniteFuture()) return deadline_;
  const absl::Time now = clock_.TimeNow();
  const absl::Duration remaining = deadline_ - now;
  const absl::Duration share =
      std::max(remaining / static_cast<int64_t>(left), absl::Seconds(2));
  return now + std::min(share, remaining);
}

absl::Status Connector::Check(const ErrorInfo& info) const {
  CallState state(clock_);
  state.SetDeadline(Direction::kWrite, deadline_);
  const Call call(state, Direction::kWrite);
  return call.ok() ? absl::OkStatus() : CallError(call.outcome(), info);
}

absl::Status Connector::Connect(int fd, const SockAddr& to, absl::Time deadline,
                                const ErrorInfo& info) const {
  CallState state(clock_);
  state.SetDeadline(Direction::kWrite, deadline);
  Call call(state, Direction::kWrite);
  Backoff backoff;
  do {
    ConnectOp op(fd, to);
    if (!call.Run(op)) break;
    if (op.error() == 0) return absl::OkStatus();
    const bool queue_full = op.error() == EAGAIN && to.family() == AF_UNIX;
    if (!queue_full) return ErrnoError(info, "connect", op.error());
  } while (call.Pause(backoff.Next()));
  return CallError(call.outcome(), info);
}

}  // namespace plumb
