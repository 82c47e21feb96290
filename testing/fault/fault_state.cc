#include "testing/fault/fault_state.h"

#include <algorithm>
#include <utility>

#include "testing/fault/fault_hash.h"

namespace plumb {
namespace {

// The one that `elapsed` is in; null when it is in none.
const FaultSpec::Span* SpanAt(const FaultSpec& spec, absl::Duration elapsed) {
  for (const FaultSpec::Span& span : spec.spans) {
    if (span.from <= elapsed && elapsed < span.until) return &span;
  }
  return nullptr;
}

}  // namespace

FaultState::FaultState(FaultSpec spec, uint64_t seed)
    : spec_(std::move(spec)), key_(FaultMix(seed, FaultHash(spec_.id))) {}

bool FaultState::ActiveAt(absl::Duration elapsed) const {
  const Forced forced = forced_.load(std::memory_order_acquire);
  if (forced != Forced::kNot) return forced == Forced::kOn;
  return SpanAt(spec_, elapsed) != nullptr;
}

void FaultState::Force(bool on) {
  turn_.fetch_add(1, std::memory_order_release);
  forced_.store(on ? Forced::kOn : Forced::kOff, std::memory_order_release);
}

bool FaultState::StillOn(uint64_t turn, absl::Duration since,
                         absl::Duration elapsed) const {
  if (turn != turn_.load(std::memory_order_acquire)) return false;
  const Forced forced = forced_.load(std::memory_order_acquire);
  if (forced != Forced::kNot) return forced == Forced::kOn;
  const FaultSpec::Span* const span = SpanAt(spec_, elapsed);
  return span != nullptr && span->from <= since;
}

absl::Duration FaultState::NextEdge(absl::Duration elapsed) const {
  if (forced_.load(std::memory_order_acquire) != Forced::kNot) {
    return absl::InfiniteDuration();
  }
  for (const FaultSpec::Span& span : spec_.spans) {
    if (elapsed < span.from) return span.from;
    if (elapsed < span.until) return span.until;
  }
  return absl::InfiniteDuration();
}

bool FaultState::CountsDial(uint64_t way) {
  if (spec_.nth == 0 && spec_.every == 0) return true;
  SystemMutexLock lock(&mutex_);
  return IsMeant(spec_, ++dials_[way]);
}

absl::Duration FaultState::Queue(uint64_t pipe, absl::Time now, size_t size) {
  SystemMutexLock lock(&mutex_);
  if (pipes_.size() >= pipes_limit_) {
    // An idle pipe is as one that was never used.
    absl::erase_if(
        pipes_, [now](const auto& one) { return one.second.busy_until < now; });
    pipes_limit_ = std::max(kPipes, 2 * pipes_.size());
  }
  Pipe& busy = pipes_[pipe];
  if (busy.busy_until < now) busy = {now, 0};
  // Whole numbers: a double would make it depend on the machine. What is left
  // over of a nanosecond is the next one's, or a fast pipe would be faster.
  const __int128 takes = static_cast<__int128>(size) * 1000000000 + busy.rest;
  busy.busy_until +=
      absl::Nanoseconds(static_cast<int64_t>(takes / spec_.amount));
  busy.rest = static_cast<int64_t>(takes % spec_.amount);
  return busy.busy_until - now;
}

bool IsMeant(const FaultSpec& spec, uint64_t count) {
  if (spec.nth != 0) return count == spec.nth;
  return spec.every == 0 || count % spec.every == 0;
}

}  // namespace plumb
