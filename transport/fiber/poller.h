// A Poller tells who waits for a descriptor that it is ready: one epoll(7) for
// each worker.
//
// A descriptor is registered once, edge-triggered, with the poller of the
// worker on which somebody waits to read from it, and moves there from another.
// It is registered for writing when a write first has to wait. What is known of
// a descriptor lies in one table for the process, by number; entries are never
// freed, and a generation in each event tells those apart that were harvested
// before a descriptor was closed. So nothing may close one without
// DescriptorClosing (descriptor_closing.h).
//
// After a try found nothing, the next edge is not lost, whatever the order of
// the two. A wait before a try (Op::waits_first) is safe as long as the try
// before emptied the descriptor, nobody has waited since, and no hang-up, error
// or urgent data was seen.
//
// Threads: Interrupt, any; the rest belongs to the worker.
#ifndef PLUMB_TRANSPORT_FIBER_POLLER_H_
#define PLUMB_TRANSPORT_FIBER_POLLER_H_

#include <atomic>
#include <cstdint>

#include "absl/functional/function_ref.h"
#include "transport/clock.h"
#include "transport/direction.h"
#include "transport/waiter.h"

namespace plumb {

class Poller {
 public:
  // Ends the program when the process is out of descriptors.
  Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  // Nobody waits by it any more.
  ~Poller();

  // Waits `timeout` at most, kNever for ever, and wakes those whose descriptor
  // is ready. Returns early after Interrupt, also one before.
  void Wait(MonotonicNanos timeout);

  // Ends the Wait under way, or the next.
  void Interrupt();

  // Where one waits for one direction of a descriptor.
  using Slot = std::atomic<uintptr_t>;

  // The two halves of Waiter::ParkOn, around its Park: has the next event for
  // `op` wake `waiter`, which is the caller's. Null when `op` may be tried at
  // once. Brings `deadline` forward when no event will tell. `woken` says
  // whether the next Park will return at once.
  Slot* Enlist(Waiter& waiter, const Op& op, MonotonicNanos& deadline,
               absl::FunctionRef<bool()> woken);
  // After the wait, however it has ended.
  static void Withdraw(Waiter& waiter, Slot& slot);

 private:
  struct Entry;
  class Table;

  bool IsRegistered(const Entry& entry, Direction direction) const;
  bool Register(Entry& entry, const Op& op, absl::FunctionRef<bool()> woken);
  // With the lock of `entry`.
  bool RegisterForReading(Entry& entry, int descriptor);
  bool RegisterForWriting(Entry& entry, int descriptor);
  bool Control(Entry& entry, int descriptor, uint32_t events, bool known);
  // Brings who waits to read into the cache; or nobody.
  static void PrefetchReader(uint64_t tag);
  static void Dispatch(uint64_t tag, uint32_t events);
  static void Forget(int descriptor);

  const int epoll_;
  const int wake_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_POLLER_H_
