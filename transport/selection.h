// One call on channels: a Send, a Receive, or a Select of several.
//
// Whoever finds it in a channel's queue claims it, by compare-and-swap and with
// that channel's lock; exactly one succeeds, or its owner, who gives up. Who
// has claimed it moves the value without a lock, takes it out of the other
// queues, and marks it done as the last thing. A Selection that has waited
// therefore touches no channel afterwards: of two that have met each may
// destroy the channels as soon as its own call has returned.
//
// For channel_base.h and select.h.
#ifndef PLUMB_TRANSPORT_SELECTION_H_
#define PLUMB_TRANSPORT_SELECTION_H_

#include <atomic>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "transport/channel_base.h"
#include "transport/linked_list.h"
#include "transport/park.h"
#include "transport/select.h"
#include "transport/waiter.h"

namespace plumb {

// A case that waits in a channel's queue.
struct QueuedCase : LinkedList<QueuedCase>::Node {
  QueuedCase(Selection& s, const SelectCase& w, int i)
      : selection(s), what(w), index(i) {}

  Selection& selection;
  const SelectCase& what;
  const int index;
  bool queued = false;  // with the lock of the channel
};

class Selection {
 public:
  // `op` is for errors.
  Selection(absl::Span<const SelectCase> cases, const char* op);
  Selection(const Selection&) = delete;
  Selection& operator=(const Selection&) = delete;

  // One of these, once.
  Selected Wait(WaitLimit limit);
  Selected Try();

  // For the one who has met it. The lock of the channel of that case is held.
  bool Claim(int index);
  // After Claim, without a lock; it may be gone then.
  void Finish(bool closed);

 private:
  static constexpr int kNobody = -1;
  static constexpr int kGivenUp = -2;

  void LockAll();
  // `found` is what TryAll said.
  void UnlockAll(bool found);
  // Does the first case that can be done, false for none; with all locks.
  bool TryAll(ChannelBase::Met& met);
  // What is left to do for the one it has met; without a lock.
  void Complete(const ChannelBase::Met& met);
  void EnqueueAll();
  void DequeueAllBut(int index);
  bool done() const { return done_.load(std::memory_order_acquire); }
  Selected Result() const;

  const absl::Span<const SelectCase> cases_;
  const char* const op_;
  Waiter& waiter_;
  // The cases that have a channel, as they are looked at, and their channels,
  // each once, as they are locked.
  absl::InlinedVector<int, 4> order_;
  absl::InlinedVector<ChannelBase*, 4> channels_;
  absl::InlinedVector<QueuedCase, 2> queued_;
  std::atomic<int> chosen_{kNobody};
  bool closed_ = false;
  std::atomic<bool> done_{false};
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SELECTION_H_
