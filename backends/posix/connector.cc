#include "backends/posix/connector.h"

#include <algorithm>
#include <cerrno>

#include "backends/posix/backoff.h"
#include "backends/posix/socket_ops.h"
#include "transport/call.h"
#include "transport/info_reason.h"

namespace plumb {

Connector::Connector(Clock& clock, absl::Duration timeout, absl::Time deadline)
    : clock_(clock),
      deadline_(std::min(clock.ToMonotonic(deadline),
                         clock.MonotonicAfter(timeout))) {}

MonotonicNanos Connector::ShareOfDeadline(size_t left) const {
  if (deadline_ == kNever) return deadline_;
  constexpr MonotonicNanos kLeast = 2'000'000'000;
  const MonotonicNanos now = clock_.MonotonicNow();
  const MonotonicNanos remaining = deadline_ - now;
  const MonotonicNanos share =
      std::max(remaining / static_cast<MonotonicNanos>(left), kLeast);
  return now + std::min(share, remaining);
}

absl::Status Connector::Check(const ErrorInfo& info) const {
  CallState state(clock_);
  state.SetDeadline(Direction::kWrite, deadline_);
  const Call call(state, Direction::kWrite);
  return call.ok() ? absl::OkStatus() : CallError(call.outcome(), info);
}

absl::Status Connector::Connect(int fd, const SockAddr& to,
                                MonotonicNanos deadline,
                                const ErrorInfo& info) const {
  CallState state(clock_);
  state.SetDeadline(Direction::kWrite, deadline);
  Call call(state, Direction::kWrite);
  const InfoReason reason(info);
  call.set_reason(&reason);
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
