#include "transport/fiber/timer_heap.h"

#include <algorithm>

namespace plumb {

void TimerHeap::Set(size_t index, Entry entry) {
  heap_[index] = entry;
  entry.timer->index_ = static_cast<uint32_t>(index);
}

void TimerHeap::Place(size_t index, Entry entry) {
  while (index > 0) {
    const size_t parent = (index - 1) / kArity;
    if (heap_[parent].when <= entry.when) break;
    Set(index, heap_[parent]);
    index = parent;
  }
  Set(index, entry);
}

void TimerHeap::PlaceDown(size_t index, Entry entry) {
  for (;;) {
    const size_t first = index * kArity + 1;
    if (first >= heap_.size()) break;
    const auto begin = heap_.begin() + static_cast<ptrdiff_t>(first);
    const auto end = heap_.begin() + static_cast<ptrdiff_t>(std::min(
                                         first + kArity, heap_.size()));
    const auto least = std::min_element(
        begin, end,
        [](const Entry& a, const Entry& b) { return a.when < b.when; });
    if (least->when >= entry.when) break;
    Set(index, *least);
    index = static_cast<size_t>(least - heap_.begin());
  }
  Set(index, entry);
}

void TimerHeap::Insert(Timer& timer) {
  const Entry entry = {timer.deadline_, &timer};
  heap_.push_back(entry);
  Place(heap_.size() - 1, entry);
}

void TimerHeap::Remove(Timer& timer) {
  timer.Disarm();
  if (timer.index_ == Timer::kNotInHeap) return;
  const size_t index = timer.index_;
  timer.index_ = Timer::kNotInHeap;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  const bool up = index > 0 && last.when < heap_[(index - 1) / kArity].when;
  if (up) {
    Place(index, last);
  } else {
    PlaceDown(index, last);
  }
}

Timer* TimerHeap::PopExpired(MonotonicNanos now) {
  while (!heap_.empty() && heap_[0].when <= now) {
    Timer& timer = *heap_[0].timer;
    if (timer.deadline_ > now && timer.deadline_ != kNever) {
      PlaceDown(0, {timer.deadline_, &timer});
      continue;
    }
    const bool armed = timer.deadline_ != kNever;
    Remove(timer);
    if (armed) return &timer;
  }
  return nullptr;
}

}  // namespace plumb
