// Where a fiber is between running and waiting, and whether it was woken: how
// its Park and the Wakes of others agree.
//
// The owner goes from kRunning to kParked; who wakes it from there makes it
// ready to run, alone, and leaves kRunning, so that going on takes no atomic
// operation. Who wakes it while it runs leaves kWoken, which its next Park
// uses up.
//
// Threads: Wake, woken, parked, any; BeginPark, the owner.
#ifndef PLUMB_TRANSPORT_FIBER_PARK_STATE_H_
#define PLUMB_TRANSPORT_FIBER_PARK_STATE_H_

#include <atomic>
#include <cstdint>

namespace plumb {

class ParkState {
 public:
  // False when it was woken before. After true the owner suspends until the one
  // whose Wake returned true lets it go on.
  bool BeginPark() {
    uint8_t seen = kRunning;
    if (state_.compare_exchange_strong(seen, kParked,
                                       std::memory_order_acq_rel)) {
      return true;
    }
    state_.exchange(kRunning, std::memory_order_acq_rel);
    return false;
  }

  // Whether the caller has to make the owner ready to run.
  bool Wake() {
    uint8_t seen = state_.load(std::memory_order_relaxed);
    uint8_t next;
    do {
      next = seen == kParked ? kRunning : kWoken;
    } while (!state_.compare_exchange_weak(
        seen, next, std::memory_order_acq_rel, std::memory_order_relaxed));
    return seen == kParked;
  }

  // Whether the next Park returns at once.
  bool woken() const {
    return state_.load(std::memory_order_acquire) == kWoken;
  }
  bool parked() const {
    return state_.load(std::memory_order_acquire) == kParked;
  }

  // For a new owner; wakes of the last one are forgotten.
  void Reset() { state_.store(kRunning, std::memory_order_relaxed); }

 private:
  enum State : uint8_t { kRunning, kWoken, kParked };

  std::atomic<uint8_t> state_{kRunning};
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_PARK_STATE_H_
