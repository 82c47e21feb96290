#include "testing/fault/fault_receiver.h"

#include <algorithm>
#include <utility>

#include "testing/fault/fault_remark.h"
#include "testing/fault/no_wait_scope.h"
#include "transport/scope.h"

namespace plumb {

absl::Status FaultReceiver::Await(Call& call, size_t size) {
  Clock& clock = faults_->clock();
  for (;;) {
    const CancelSource source = calls_->Source(Direction::kRead);
    if (absl::Status s = calls_->Check(call, "read"); !s.ok()) return s;
    if (calls_->failed()) return absl::OkStatus();
    now_ = clock.TimeNow();
    if (!Rejudge(now_)) continue;
    if (queue_.HasDue(now_)) return absl::OkStatus();
    const absl::Time until = queue_.NextChange(now_);
    const bool full = queue_.cost() >= kLimit;
    if (full || (ended_ && !queue_.empty())) {
      call.WaitUntil(clock.ToMonotonic(until));
      continue;
    }
    if (absl::Status s = ReadAhead(call, size, until, source); !s.ok()) {
      return s;
    }
  }
}

bool FaultReceiver::TakeIn(Call& call, size_t size) {
  if (ended_ || queue_.cost() >= kLimit || calls_->failed()) return false;
  return ReadAhead(call, size, absl::InfiniteFuture(),
                   calls_->Source(Direction::kRead))
      .ok();
}

bool FaultReceiver::TakeInAtOnce(Call& call, size_t size) {
  const size_t before = queue_.bytes();
  // A second try where the first one waited before it looked.
  for (int i = 0; i < 2; ++i) {
    const NoWaitScope scope;
    if (!TakeIn(call, size)) return false;
    if (queue_.bytes() <= before) continue;
    // What was due stays so.
    now_ = std::max(now_, faults_->clock().TimeNow());
    return true;
  }
  return false;
}

bool FaultReceiver::Rejudge(absl::Time now) {
  FaultQueue::Pieces lost;
  const std::string rule = queue_.Judge(now, &lost);
  if (rule.empty()) return true;
  queue_.Clear();
  hooks_.reset(rule);
  return false;
}

absl::Status FaultReceiver::ReadAhead(Call& call, size_t size, absl::Time until,
                                      CancelSource source) {
  FaultPiece piece;
  absl::Status status;
  {
    CancelScope kicked(std::move(source));
    DeadlineScope due(until, faults_->clock());
    status = hooks_.read(size, &piece);
  }
  if (status.ok()) {
    Judge(std::move(piece));
    return absl::OkStatus();
  }
  // Of one of the two scopes, or of the call, which Await looks at; or the rule
  // that reset it closed it.
  if (IsCancelledCall(status) || IsTimeout(status)) return absl::OkStatus();
  if (calls_->failed()) return absl::OkStatus();
  if (ended_) return status;
  piece.packet.segment = FaultSegment::kEnd;
  piece.end = status;
  ended_ = stream_ || IsEof(status);
  if (IsEof(status)) {
    Judge(std::move(piece));
  } else {
    queue_.Add(std::move(piece), FaultVerdict(), faults_->clock().TimeNow());
  }
  return absl::OkStatus();
}

void FaultReceiver::Judge(FaultPiece piece) {
  const absl::Time now = faults_->clock().TimeNow();
  const FaultVerdict verdict = sent_ ? piece.link->AtLanding(piece.packet, now)
                                     : piece.link->AtSend(piece.packet, now);
  if (hooks_.remark) {
    const std::string remark = FaultRemark(verdict, stream_);
    if (!remark.empty()) hooks_.remark(remark);
  }
  if (verdict.action == FaultVerdict::Action::kReset) {
    // It ends a stream; among datagrams it takes this one alone.
    if (stream_) queue_.Clear();
    hooks_.reset(verdict.rule);
    return;
  }
  ApplyChanges(verdict, &piece.data);
  queue_.Add(std::move(piece), verdict, now);
}

}  // namespace plumb
