// A FaultState is a rule at work: what it is, how often it fired, and the
// little that it has to remember, which does not grow with the connections:
// what is remembered of these is with them (fault_link_rules.h, fault_flow.h).
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_FAULT_STATE_H_
#define PLUMB_TESTING_FAULT_FAULT_STATE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "testing/fault/fault_spec.h"
#include "transport/system_mutex.h"

namespace plumb {

class FaultState {
 public:
  FaultState(FaultSpec spec, uint64_t seed);

  const FaultSpec& spec() const { return spec_; }
  // Of the seed and the id, for FaultDraw.
  uint64_t key() const { return key_; }

  // Whether it does anything, so long after the plan's start.
  bool ActiveAt(absl::Duration elapsed) const;
  // From now on, whatever its spans say.
  void Force(bool on);
  // How often it was forced.
  uint64_t turn() const { return turn_.load(std::memory_order_acquire); }
  // Whether it is on, and was so without a break since then.
  bool StillOn(uint64_t turn, absl::Duration since,
               absl::Duration elapsed) const;
  // The next time after `elapsed` at which it begins or ends; infinite when
  // there is none.
  absl::Duration NextEdge(absl::Duration elapsed) const;

  // Counts dials from one host to one address, for nth and every; whether this
  // one is meant.
  bool CountsDial(uint64_t way);

  // Rate: how long `size` bytes take from `now` on, and what is before them.
  absl::Duration Queue(uint64_t pipe, absl::Time now, size_t size);

  // What links that are gone have counted, and what no link counts.
  void AddCounts(uint64_t matches, uint64_t hits) {
    matches_.fetch_add(matches, std::memory_order_relaxed);
    hits_.fetch_add(hits, std::memory_order_relaxed);
  }
  uint64_t matches() const { return matches_.load(std::memory_order_relaxed); }
  uint64_t hits() const { return hits_.load(std::memory_order_relaxed); }

 private:
  enum class Forced : uint8_t { kNot, kOn, kOff };

  struct Pipe {
    absl::Time busy_until = absl::InfinitePast();
    int64_t rest = 0;  // nanoseconds more, in parts of the rate
  };

  // How many pipes are kept, before those that are idle are forgotten.
  static constexpr size_t kPipes = 1024;

  const FaultSpec spec_;
  const uint64_t key_;
  std::atomic<Forced> forced_{Forced::kNot};
  std::atomic<uint64_t> turn_{0};
  std::atomic<uint64_t> matches_{0};
  std::atomic<uint64_t> hits_{0};

  SystemMutex mutex_;
  absl::flat_hash_map<uint64_t, uint64_t> dials_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<uint64_t, Pipe> pipes_ ABSL_GUARDED_BY(mutex_);
  size_t pipes_limit_ ABSL_GUARDED_BY(mutex_) = kPipes;
};

// Whether `count` is one that nth or every mean.
bool IsMeant(const FaultSpec& spec, uint64_t count);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_STATE_H_
