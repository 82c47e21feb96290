// A FaultState is a rule at work: what it is, how often it fired, and the
// little that it has to remember.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_FAULT_STATE_H_
#define PLUMB_TESTING_FAULT_FAULT_STATE_H_

#include <atomic>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "testing/fault/fault_spec.h"

namespace plumb {

class FaultState {
 public:
  FaultState(FaultSpec spec, uint64_t seed);

  const FaultSpec& spec() const { return spec_; }

  // Whether it does anything, so long after the plan's start.
  bool ActiveAt(absl::Duration elapsed) const {
    const Forced forced = forced_.load(std::memory_order_relaxed);
    if (forced != Forced::kNot) return forced == Forced::kOn;
    return always_ || InSpan(elapsed);
  }
  // From now on, whatever its spans say. Forgets who is silent.
  void Force(bool on);
  // The next time after `elapsed` at which it begins or ends; infinite when
  // there is none.
  absl::Duration NextEdge(absl::Duration elapsed) const;

  // What chance says of a place on a link.
  uint64_t Draw(uint64_t place) const;
  bool Fires(uint64_t place) const;

  // Counts what matches on a connection and direction, for nth and every;
  // whether this one is meant.
  bool Counts(uint64_t link);

  // Rate: how long `size` bytes take from `now` on, and what is before them.
  absl::Duration Queue(uint64_t pipe, absl::Time now, size_t size);

  // HalfOpen: what was silenced since this rule was last turned on.
  void Silence(uint64_t flow, absl::Duration elapsed);
  bool IsSilent(uint64_t flow, absl::Duration elapsed) const;

  void CountMatch() { matches_.fetch_add(1, std::memory_order_relaxed); }
  void CountHit() { hits_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t matches() const { return matches_.load(std::memory_order_relaxed); }
  uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }

 private:
  enum class Forced : uint8_t { kNot, kOn, kOff };

  bool InSpan(absl::Duration elapsed) const;

  const FaultSpec spec_;
  const uint64_t key_;
  const bool always_;
  std::atomic<Forced> forced_{Forced::kNot};
  std::atomic<uint64_t> matches_{0};
  std::atomic<uint64_t> hits_{0};

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<uint64_t, uint64_t> counts_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, absl::Time> busy_until_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, absl::Duration> silent_since_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_STATE_H_
