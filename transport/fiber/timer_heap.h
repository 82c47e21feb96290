// The deadlines of those who wait on one worker, earliest first.
//
// Most waits end before their deadline, and the next one's is later. So a heap
// hears of a deadline only when it is earlier than the one it knows of the same
// Timer; a later one is looked up when the earlier comes up.
//
// Threads: one at a time.
#ifndef PLUMB_TRANSPORT_FIBER_TIMER_HEAP_H_
#define PLUMB_TRANSPORT_FIBER_TIMER_HEAP_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "transport/clock.h"

namespace plumb {

class Timer {
 public:
  // What is waited for now, kNever for nothing.
  MonotonicNanos deadline() const { return deadline_; }
  // Ends the wait; the heap may keep the Timer for a while.
  void Disarm() { deadline_ = kNever; }

 protected:
  Timer() = default;
  ~Timer() = default;

 private:
  friend class TimerHeap;

  static constexpr uint32_t kNotInHeap = 0xffffffff;

  MonotonicNanos deadline_ = kNever;
  uint32_t index_ = kNotInHeap;
};

class TimerHeap {
 public:
  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;
  // A Timer that it still knows would be written to when it next moves.
  ~TimerHeap() { assert(heap_.empty()); }

  // Makes PopExpired return `timer` from `deadline` on, unless it is disarmed.
  void Arm(Timer& timer, MonotonicNanos deadline) {
    timer.deadline_ = deadline;
    if (timer.index_ == Timer::kNotInHeap) {
      Insert(timer);
    } else if (deadline < heap_[timer.index_].when) {
      Place(timer.index_, {deadline, &timer});
    }
  }

  // Forgets `timer`, which may go then.
  void Remove(Timer& timer);

  // One whose deadline is not after `now`, disarmed; null when there is none.
  Timer* PopExpired(MonotonicNanos now);

  // When to call PopExpired again at the earliest, kNever when empty.
  MonotonicNanos next() const { return heap_.empty() ? kNever : heap_[0].when; }
  size_t size() const { return heap_.size(); }

 private:
  struct Entry {
    MonotonicNanos when;
    Timer* timer;
  };

  // Four children: fewer lines of memory for each step down.
  static constexpr size_t kArity = 4;

  void Insert(Timer& timer);
  // Puts `entry` at `index`, or where it belongs above.
  void Place(size_t index, Entry entry);
  // Puts `entry` at `index`, or where it belongs below.
  void PlaceDown(size_t index, Entry entry);
  void Set(size_t index, Entry entry);

  std::vector<Entry> heap_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_TIMER_HEAP_H_
