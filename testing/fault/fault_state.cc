#include "testing/fault/fault_state.h"

#include <algorithm>
#include <utility>

#include "testing/fault/fault_hash.h"

namespace plumb {

FaultState::FaultState(FaultSpec spec, uint64_t seed)
    : spec_(std::move(spec)),
      key_(FaultMix(seed, FaultHash(spec_.id))),
      always_(spec_.spans.size() == 1 && spec_.spans[0].always()) {}

bool FaultState::InSpan(absl::Duration elapsed) const {
  for (const FaultSpec::Span& span : spec_.spans) {
    if (span.from <= elapsed && elapsed < span.until) return true;
  }
  return false;
}

void FaultState::Force(bool on) {
  absl::MutexLock lock(&mutex_);
  silent_since_.clear();
  forced_.store(on ? Forced::kOn : Forced::kOff, std::memory_order_relaxed);
}

absl::Duration FaultState::NextEdge(absl::Duration elapsed) const {
  if (forced_.load(std::memory_order_relaxed) != Forced::kNot) {
    return absl::InfiniteDuration();
  }
  for (const FaultSpec::Span& span : spec_.spans) {
    if (elapsed < span.from) return span.from;
    if (elapsed < span.until) return span.until;
  }
  return absl::InfiniteDuration();
}

// Both are mixed already.
uint64_t FaultState::Draw(uint64_t place) const {
  return FaultMix(key_ ^ place);
}

bool FaultState::Fires(uint64_t place) const {
  return spec_.probability >= 1 ||
         FaultFraction(Draw(place)) < spec_.probability;
}

bool FaultState::Counts(uint64_t link) {
  if (spec_.nth == 0 && spec_.every == 0) return true;
  absl::MutexLock lock(&mutex_);
  const uint64_t count = ++counts_[link];
  return spec_.nth != 0 ? count == spec_.nth : count % spec_.every == 0;
}

absl::Duration FaultState::Queue(uint64_t pipe, absl::Time now, size_t size) {
  // One division of whole numbers: a double would make it depend on the
  // machine.
  const absl::Duration takes = absl::Nanoseconds(static_cast<int64_t>(
      static_cast<__int128>(size) * 1000000000 / spec_.amount));
  absl::MutexLock lock(&mutex_);
  absl::Time& busy_until = busy_until_.try_emplace(pipe, now).first->second;
  busy_until = std::max(busy_until, now) + takes;
  return busy_until - now;
}

void FaultState::Silence(uint64_t flow, absl::Duration elapsed) {
  absl::MutexLock lock(&mutex_);
  silent_since_.try_emplace(flow, elapsed);
}

bool FaultState::IsSilent(uint64_t flow, absl::Duration elapsed) const {
  if (!ActiveAt(elapsed)) return false;
  absl::MutexLock lock(&mutex_);
  const auto it = silent_since_.find(flow);
  if (it == silent_since_.end()) return false;
  if (forced_.load(std::memory_order_relaxed) == Forced::kOn) return true;
  for (const FaultSpec::Span& span : spec_.spans) {
    if (span.from <= elapsed && elapsed < span.until) {
      return span.from <= it->second;
    }
  }
  return false;
}

}  // namespace plumb
