#include "testing/fault/fault_sender.h"

#include <utility>

#include "testing/fault/fault_remark.h"
#include "transport/scope.h"

namespace plumb {
namespace {

// What is taken care of.
FaultVerdict Kept() {
  FaultVerdict kept;
  kept.action = FaultVerdict::Action::kHold;
  return kept;
}

}  // namespace

FaultVerdict FaultSender::Offer(FaultPiece piece,
                                absl::FunctionRef<bool(FaultPiece&)> fill) {
  std::string reset_by, remark;
  FaultVerdict verdict = Judge(std::move(piece), fill, &reset_by, &remark);
  if (!remark.empty()) Tell(remark);
  if (!reset_by.empty()) hooks_.reset(reset_by);
  verdict.rule = absl::string_view();
  verdict.changed_by = {};
  return verdict;
}

FaultVerdict FaultSender::Judge(FaultPiece piece,
                                absl::FunctionRef<bool(FaultPiece&)> fill,
                                std::string* reset_by, std::string* remark) {
  const absl::Time now = faults_->clock().TimeNow();
  MutexLock lock(mutex_);
  FaultVerdict verdict = piece.link->AtSend(piece.packet, now);
  if (hooks_.remark) *remark = FaultRemark(verdict, stream_);
  if (!remark->empty()) ++untold_;
  if (verdict.action == FaultVerdict::Action::kReset) {
    *reset_by = std::string(verdict.rule);
    return verdict;
  }
  const bool at_once = verdict.passes() && verdict.copies.empty() &&
                       verdict.delay <= absl::ZeroDuration() &&
                       (IdleLocked() || !(stream_ || IsEnd(piece)));
  if (at_once) return verdict;
  if (stopped_ || (!stream_ && queue_.cost() >= kLimit)) return Kept();
  if (!fill(piece)) return Kept();
  ApplyChanges(verdict, &piece.data);
  queue_.Add(std::move(piece), verdict, now);
  if (queue_.empty()) return Kept();
  if (!thread_.joinable()) {
    thread_ = Thread::StartOrDie("FaultTransport", [this] { Run(); });
  }
  changed_.SignalAll();
  return Kept();
}

void FaultSender::Refuse(const FaultPiece& piece) {
  const absl::Time now = faults_->clock().TimeNow();
  MutexLock lock(mutex_);
  piece.link->AtRefusal(piece.packet, now);
}

void FaultSender::Tell(absl::string_view remark) {
  hooks_.remark(remark);
  MutexLock lock(mutex_);
  --untold_;
  changed_.SignalAll();
}

bool FaultSender::HasRoom() const {
  MutexLock lock(mutex_);
  return queue_.cost() < kLimit;
}

size_t FaultSender::bytes() const {
  size_t waiting, sending;
  {
    MutexLock lock(mutex_);
    waiting = queue_.bytes();
    sending = sending_bytes_;
  }
  // Of datagrams it may be somebody else's Write that waits.
  return stream_ && sending > 0 && hooks_.waits() ? waiting + sending : waiting;
}

bool FaultSender::idle() const {
  MutexLock lock(mutex_);
  return IdleLocked();
}

absl::Status FaultSender::error() const {
  MutexLock lock(mutex_);
  return error_;
}

void FaultSender::Changed() {
  // Under the mutex, or it would be lost on who has looked and not yet waits.
  MutexLock lock(mutex_);
  changed_.SignalAll();
}

bool FaultSender::SendOne(absl::Time now) {
  if (untold_ > 0 || !queue_.HasDue(now)) return false;
  FaultQueue::Pieces gone;
  gone.push_back(queue_.TakeDue(now));
  sending_ = true;
  sending_bytes_ = gone.back().data.size();
  mutex_.Unlock();
  const absl::Status status = hooks_.send(gone.back());
  // Before anybody hears that it was sent.
  gone.clear();
  mutex_.Lock();
  sending_ = false;
  sending_bytes_ = 0;
  if (!status.ok() && stream_) {
    error_ = status;
    gone = queue_.Clear();
  }
  mutex_.Unlock();
  gone.clear();
  hooks_.room();
  mutex_.Lock();
  return true;
}

bool FaultSender::Rejudge(absl::Time now) {
  FaultQueue::Pieces lost;
  const std::string rule = queue_.Judge(now, &lost);
  if (!rule.empty()) lost.splice(lost.end(), queue_.Clear());
  if (lost.empty() && rule.empty()) return false;
  mutex_.Unlock();
  lost.clear();
  if (!rule.empty()) hooks_.reset(rule);
  mutex_.Lock();
  return true;
}

void FaultSender::Run() {
  bool finish = false;
  mutex_.Lock();
  while (!stopped_ && !finish) {
    Clock& clock = faults_->clock();
    const absl::Time now = clock.TimeNow();
    if (Rejudge(now) || SendOne(now)) continue;
    finish = lingers_ && queue_.empty();
    if (stopped_ || finish) break;
    const absl::Time next =
        untold_ > 0 ? absl::InfiniteFuture() : queue_.NextChange(now);
    changed_.WaitUntil(mutex_, next, clock).IgnoreError();
  }
  mutex_.Unlock();
  if (finish) hooks_.finish();
  done_.Notify();
}

void FaultSender::Stop() {
  Thread thread;
  FaultQueue::Pieces dropped;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    dropped = queue_.Clear();
    std::swap(thread, thread_);
  }
  changed_.SignalAll();
  if (!thread.joinable()) return;
  // A fiber waits without its thread; what is left for the join is brief.
  ShieldScope shield;
  done_.Wait().IgnoreError();
  thread.Join();
}

void FaultSender::Linger() {
  {
    MutexLock lock(mutex_);
    lingers_ = true;
  }
  changed_.SignalAll();
}

uint64_t SubscribeTo(Faults& faults, const std::shared_ptr<FaultCalls>& calls,
                     const std::shared_ptr<FaultSender>& sender) {
  return faults.Subscribe([weak_calls = std::weak_ptr<FaultCalls>(calls),
                           weak_sender = std::weak_ptr<FaultSender>(sender)] {
    if (auto live = weak_calls.lock()) live->Kick(Direction::kRead);
    if (auto live = weak_sender.lock()) live->Changed();
  });
}

}  // namespace plumb
