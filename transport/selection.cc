#include "transport/selection.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "transport/error.h"
#include "transport/wait_reason.h"

namespace plumb {
namespace {

// SplitMix64, https://prng.di.unimi.it/splitmix64.c.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * kStep) {}

  // Less than `limit`.
  size_t Below(size_t limit) {
    uint64_t z = state_ += kStep;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % limit;
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15;

  uint64_t state_;
};

absl::Status ClosedChannelError(const SelectCase& what) {
  if (!what.sends) return EofError();
  ErrorInfo info;
  info.op = "send";
  info.kind = ErrorKind::kClosed;
  return OpError(absl::StatusCode::kCancelled, std::move(info),
                 "channel is closed");
}

absl::Status WouldBlockError(absl::string_view op) {
  ErrorInfo info;
  info.op = std::string(op);
  return OpError(absl::StatusCode::kUnavailable, std::move(info),
                 "would block");
}

const char* OpOf(const SelectCase& what) {
  return what.sends ? "send" : "receive";
}

}  // namespace

Selection::Selection(absl::Span<const SelectCase> cases, const char* op)
    : cases_(cases), op_(op), waiter_(Waiter::Current()) {
  for (size_t i = 0; i < cases_.size(); ++i) {
    const SelectCase& what = cases_[i];
    if (what.channel == nullptr) continue;
    if (!what.sends) what.channel->ClearPlace(what.value);
    order_.push_back(static_cast<int>(i));
    channels_.push_back(what.channel);
  }
  if (order_.size() < 2) return;
  Random random(waiter_.Draw());
  for (size_t i = order_.size(); i > 1; --i) {
    std::swap(order_[i - 1], order_[random.Below(i)]);
  }
  std::sort(channels_.begin(), channels_.end(), std::less<>());
  channels_.erase(std::unique(channels_.begin(), channels_.end()),
                  channels_.end());
}

void Selection::LockAll() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  for (ChannelBase* channel : channels_) channel->mutex_.Lock();
}

void Selection::UnlockAll(bool found) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  // The one on which something was done comes last: whoever learns of that may
  // destroy them all.
  ChannelBase* last = nullptr;
  if (found) last = cases_[static_cast<size_t>(chosen_.load())].channel;
  for (ChannelBase* channel : channels_) {
    if (channel != last) channel->mutex_.Unlock();
  }
  if (last != nullptr) last->mutex_.Unlock();
}

bool Selection::TryAll(ChannelBase::Met& met) ABSL_NO_THREAD_SAFETY_ANALYSIS {
  using Outcome = ChannelBase::Outcome;
  for (const int index : order_) {
    const SelectCase& what = cases_[static_cast<size_t>(index)];
    ChannelBase& channel = *what.channel;
    const Outcome outcome = what.sends ? channel.TrySend(what.value, met)
                                       : channel.TryReceive(what.value, met);
    if (outcome == Outcome::kWouldBlock) continue;
    closed_ = outcome == Outcome::kClosed;
    chosen_.store(index, std::memory_order_relaxed);
    return true;
  }
  return false;
}

void Selection::Complete(const ChannelBase::Met& met) {
  if (met.peer == nullptr) return;
  if (met.from != nullptr) {
    const int index = chosen_.load(std::memory_order_relaxed);
    cases_[static_cast<size_t>(index)].channel->Move(met.from, met.to);
  }
  met.peer->Finish(/*closed=*/false);
}

void Selection::EnqueueAll() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  queued_.reserve(order_.size());  // they stay where they are
  for (const int index : order_) {
    const SelectCase& what = cases_[static_cast<size_t>(index)];
    queued_.emplace_back(*this, what, index);
    what.channel->Enqueue(queued_.back());
  }
}

void Selection::DequeueAllBut(int index) {
  for (QueuedCase& queued : queued_) {
    if (queued.index != index) queued.what.channel->Dequeue(queued);
  }
}

bool Selection::Claim(int index) {
  int nobody = kNobody;
  return chosen_.compare_exchange_strong(
      nobody, index, std::memory_order_acq_rel, std::memory_order_relaxed);
}

void Selection::Finish(bool closed) {
  DequeueAllBut(chosen_.load(std::memory_order_relaxed));
  closed_ = closed;
  Waiter& waiter = waiter_;
  done_.store(true, std::memory_order_release);
  waiter.Wake();
}

Selected Selection::Result() const {
  const int index = chosen_.load(std::memory_order_relaxed);
  if (!closed_) return {index, absl::OkStatus()};
  return {index, ClosedChannelError(cases_[static_cast<size_t>(index)])};
}

Selected Selection::Try() {
  ChannelBase::Met met;
  LockAll();
  const bool found = TryAll(met);
  UnlockAll(found);
  if (!found) return {-1, WouldBlockError(op_)};
  Complete(met);
  return Result();
}

Selected Selection::Wait(WaitLimit limit) {
  waiter_.CountCall();
  WaitState state = CheckLimits(waiter_, limit);
  if (state != WaitState::kGo) return {-1, WaitError(state, op_)};
  ChannelBase::Met met;
  LockAll();
  const bool found = TryAll(met);
  if (!found) EnqueueAll();
  UnlockAll(found);
  if (found) {
    Complete(met);
    return Result();
  }
  const OpReason reason(op_);
  state = ParkUntil(waiter_, limit, reason, [&] { return done(); });
  if (state != WaitState::kGo) {
    if (Claim(kGivenUp)) {
      DequeueAllBut(kGivenUp);
      return {-1, WaitError(state, op_)};
    }
    // Somebody has claimed it and is about to finish it.
    while (!done()) waiter_.Park(kNever, &reason);
  }
  return Result();
}

Selected Select(absl::Span<const SelectCase> cases) {
  return Selection(cases, "select").Wait(NoLimit());
}

Selected SelectUntil(absl::Time deadline, absl::Span<const SelectCase> cases,
                     Clock& clock) {
  return Selection(cases, "select").Wait({clock, clock.ToMonotonic(deadline)});
}

Selected TrySelect(absl::Span<const SelectCase> cases) {
  return Selection(cases, "select").Try();
}

absl::Status ChannelBase::Do(const SelectCase& what) {
  return Selection(absl::MakeConstSpan(&what, 1), OpOf(what))
      .Wait(NoLimit())
      .status;
}

absl::Status ChannelBase::DoUntil(const SelectCase& what, absl::Time deadline,
                                  Clock& clock) {
  return Selection(absl::MakeConstSpan(&what, 1), OpOf(what))
      .Wait({clock, clock.ToMonotonic(deadline)})
      .status;
}

absl::Status ChannelBase::Try(const SelectCase& what) {
  return Selection(absl::MakeConstSpan(&what, 1), OpOf(what)).Try().status;
}

}  // namespace plumb
