// How often rules matched and fired. A rule that is about every packet would
// cost each of them a locked instruction or two, so that each link counts for
// itself, and who wants to know adds up.
#ifndef PLUMB_TESTING_FAULT_FAULT_TALLY_H_
#define PLUMB_TESTING_FAULT_FAULT_TALLY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "testing/fault/fault_state.h"
#include "transport/system_mutex.h"

namespace plumb {

// Threads: one at a time counts, any reads.
class FaultCounter {
 public:
  FaultCounter() = default;
  FaultCounter(const FaultCounter& other) : count_(other.get()) {}
  FaultCounter& operator=(const FaultCounter& other) {
    count_.store(other.get(), std::memory_order_relaxed);
    return *this;
  }

  void Add() { count_.store(get() + 1, std::memory_order_relaxed); }
  uint64_t get() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> count_{0};
};

struct FaultTally {
  FaultState* rule;
  bool all = false;  // matches all that is judged
  FaultCounter matches;
  FaultCounter hits;
};

// Of one link.
struct FaultTallySheet {
  FaultCounter judged;
  std::vector<FaultTally> tallies;
};

struct FaultTotal {
  uint64_t matches = 0;
  uint64_t hits = 0;
};

// The sheets of all links of one Faults. Threads: any method at any time.
class FaultTallies {
 public:
  FaultTallies() = default;
  FaultTallies(const FaultTallies&) = delete;
  FaultTallies& operator=(const FaultTallies&) = delete;

  // Counts `sheet` too, from now on until it is given to Close; only its
  // counters change meanwhile.
  void Open(const FaultTallySheet* sheet);
  // What it counted goes over to its rules.
  void Close(const FaultTallySheet* sheet);

  // Of each of `rules`, in all.
  std::vector<FaultTotal> Totals(
      absl::Span<const std::shared_ptr<FaultState>> rules) const;

 private:
  mutable SystemMutex mutex_;
  absl::flat_hash_set<const FaultTallySheet*> open_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_TALLY_H_
