#include "testing/fault/fault_calls.h"

#include <cerrno>
#include <utility>

namespace plumb {

ErrorInfo FaultCalls::SetInfo() const {
  ErrorInfo info = Info("set");
  if (info.source.has_value()) info.addr = std::exchange(info.source, Addr());
  return info;
}

CancelSource FaultCalls::Source(Direction direction) const {
  SystemMutexLock lock(&mutex_);
  return direction == Direction::kRead ? reads_ : writes_;
}

void FaultCalls::Kick(Direction direction) {
  CancelSource source;
  {
    SystemMutexLock lock(&mutex_);
    std::swap(source, direction == Direction::kRead ? reads_ : writes_);
  }
  source.Cancel();
  state_.Signal(direction);
}

absl::Status FaultCalls::Check(Call& call, absl::string_view op) const {
  {
    SystemMutexLock lock(&mutex_);
    if (closing_) return ClosedError(Info(op));
  }
  return call.Recheck() ? absl::OkStatus() : call.Error(op);
}

void FaultCalls::Reset(absl::string_view rule) {
  {
    SystemMutexLock lock(&mutex_);
    if (std::exchange(was_reset_, true)) return;
    error_ = ECONNRESET;
    rule_ = std::string(rule);
  }
  Kick(Direction::kRead);
  Kick(Direction::kWrite);
}

void FaultCalls::Fail(int error, absl::string_view rule) {
  {
    SystemMutexLock lock(&mutex_);
    error_ = error;
    rule_ = std::string(rule);
  }
  Kick(Direction::kRead);
}

bool FaultCalls::was_reset() const {
  SystemMutexLock lock(&mutex_);
  return was_reset_;
}

bool FaultCalls::failed() const {
  SystemMutexLock lock(&mutex_);
  return was_reset_ || error_ != 0;
}

absl::Status FaultCalls::TakeFailure(Direction direction) {
  const absl::string_view op = direction == Direction::kRead ? "read" : "write";
  SystemMutexLock lock(&mutex_);
  const int error = std::exchange(error_, 0);
  if (error != 0) return InjectedError(Info(op), op, error, rule_);
  if (!was_reset_) return absl::OkStatus();
  if (direction == Direction::kRead) return EofError();
  return InjectedError(Info(op), op, EPIPE, rule_);
}

bool FaultCalls::BeginClose() {
  bool first;
  {
    SystemMutexLock lock(&mutex_);
    first = !std::exchange(closing_, true);
  }
  if (!first) {
    ShieldScope shield;
    closed_.Wait().IgnoreError();
    return false;
  }
  Kick(Direction::kRead);
  Kick(Direction::kWrite);
  return true;
}

void FaultCalls::Closed() { closed_.Notify(); }

bool PauseFor(Call& call, Clock& clock, absl::Duration duration) {
  const MonotonicNanos until = clock.MonotonicAfter(duration);
  while (call.ok() && clock.MonotonicNow() < until) call.WaitUntil(until);
  return call.ok();
}

absl::Status InjectedError(ErrorInfo info, absl::string_view syscall, int error,
                           absl::string_view rule) {
  info.injected_by = std::string(rule);
  return ErrnoError(std::move(info), syscall, error);
}

}  // namespace plumb
