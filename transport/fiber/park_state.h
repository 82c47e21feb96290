// Where a fiber is between running and waiting, and whether it was woken: how
// its Park and the Wakes of others agree.
//
// Most wakes come from the worker that runs the fiber: those are plain loads
// and stores, since two compare-and-swaps cost more than the switch. One from
// elsewhere is posted to that worker, which takes it for one of its own; a mark
// here keeps a fiber from being posted twice.
//
// A fiber that has not started, or has ended, has no worker to post to: a wake
// is only marked, for its start. Nor does it end while somebody posts it, so
// that the worker is there for as long as that takes.
//
// Threads: Post, Posted, any; Reset, its maker before it starts; the rest is
// for the worker, the owner among it.
#ifndef PLUMB_TRANSPORT_FIBER_PARK_STATE_H_
#define PLUMB_TRANSPORT_FIBER_PARK_STATE_H_

#include <atomic>
#include <cstdint>

namespace plumb {

class ParkState {
 public:
  // False when it was woken before. After true the owner suspends until the
  // worker lets it go on because Wake returned true.
  bool BeginPark() {
    if (here_ == kWoken) {
      here_ = kRunning;
      return false;
    }
    here_ = kParked;
    return true;
  }

  // Whether the worker has to make the owner ready to run.
  bool Wake() {
    const bool parked = here_ == kParked;
    here_ = parked ? kRunning : kWoken;
    return parked;
  }

  // A wake from elsewhere: whether the caller has to put the owner into its
  // worker's inbox and then to call Posted.
  bool Post() {
    uint8_t seen = elsewhere_.load(std::memory_order_relaxed);
    for (;;) {
      const bool here = (seen & (kOpen | kPosted)) == kOpen;
      if (here && seen >= kMost) {  // so many are about to call Posted
        seen = elsewhere_.load(std::memory_order_relaxed);
        continue;
      }
      const int next = (seen | kPosted) + (here ? kOne : 0);
      if (elsewhere_.compare_exchange_weak(seen, static_cast<uint8_t>(next),
                                           std::memory_order_acq_rel,
                                           std::memory_order_relaxed)) {
        return here;
      }
    }
  }
  void Posted() { elsewhere_.fetch_sub(kOne, std::memory_order_release); }

  // After the owner was taken out of the inbox; the worker then calls Wake.
  void Arrive() {
    elsewhere_.fetch_and(static_cast<uint8_t>(~kPosted),
                         std::memory_order_acq_rel);
  }

  // The owner starts on the worker that calls this.
  void Open() {
    const uint8_t seen = elsewhere_.exchange(kOpen, std::memory_order_acq_rel);
    here_ = (seen & kPosted) != 0 ? kWoken : kRunning;
  }
  // It has ended: false while somebody posts it, or it is in the inbox.
  bool Shut() {
    uint8_t seen = kOpen;
    return elsewhere_.compare_exchange_strong(seen, 0,
                                              std::memory_order_acq_rel);
  }

  // Whether it was woken from elsewhere, and the worker has not seen it.
  bool posted() const {
    return (elsewhere_.load(std::memory_order_acquire) & kPosted) != 0;
  }
  // Whether the next Park returns at once, or soon.
  bool woken() const { return here_ == kWoken || posted(); }
  bool parked() const { return here_ == kParked; }

  // For a new owner; wakes of the last one are forgotten.
  void Reset() {
    elsewhere_.store(0, std::memory_order_relaxed);
    here_ = kRunning;
  }

 private:
  enum Here : uint8_t { kRunning, kWoken, kParked };

  // Of elsewhere_, which counts in kOne those who are posting.
  static constexpr uint8_t kOpen = 1, kPosted = 2, kOne = 4, kMost = 0xfc;

  std::atomic<uint8_t> elsewhere_{0};
  Here here_ = kRunning;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_PARK_STATE_H_
