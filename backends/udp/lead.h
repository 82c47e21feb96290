// Lets many calls wait for one descriptor: one of them leads and waits on it
// for all, the others wait for a signal. When the leader leaves, whyever, the
// lead passes to another that waits, if there is any.
//
//   Call call(state, Direction::kRead);
//   Lead::Member member(lead, state, Direction::kRead, alive);
//   while (call.ok()) {
//     if (HasWhatItWants()) return ...;
//     if (!member.Take()) {
//       call.Wait();                 // until somebody brings it, or the lead
//     } else if (!TakeFromDescriptorAndTellTheOthers()) {
//       call.WaitFor(op);
//     }
//   }
//
// It is handed on like this. A call that may not lead puts itself into the
// queue. Whoever leaves while nobody leads, be it the leader or one that was
// offered the lead and did not want it any more, takes the first out of the
// queue and signals it; that one asks again, and leads unless a newcomer was
// faster, behind whom it queues again. So as long as anybody waits there is a
// leader, or a signal to one that has yet to look, and the signal is not lost
// when it comes before the wait. All of this is on the call's own stack and in
// the shared Lead, nothing in the connection, so that a call whose connection
// was closed and destroyed under it hands on the lead like any other.
//
// Threads: a Member belongs to its call; Lead, any.
#ifndef PLUMB_BACKENDS_UDP_LEAD_H_
#define PLUMB_BACKENDS_UDP_LEAD_H_

#include <memory>

#include "absl/base/thread_annotations.h"
#include "transport/call.h"
#include "transport/direction.h"
#include "transport/system_mutex.h"

namespace plumb {

class Lead {
 public:
  class Member;

  Lead() = default;
  Lead(const Lead&) = delete;
  Lead& operator=(const Lead&) = delete;

 private:
  bool Take(Member& member) ABSL_LOCKS_EXCLUDED(mutex_);
  void Leave(Member& member) ABSL_LOCKS_EXCLUDED(mutex_);
  void Append(Member& member) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Remove(Member& member) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  SystemMutex mutex_;
  const Member* leader_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Member* first_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Member* last_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

// One call's part in it.
class Lead::Member {
 public:
  // The call waits on `state` for `direction`. `alive` keeps `state`, which may
  // be signalled just after this has gone; both it and `lead` outlive this.
  Member(Lead& lead, CallState& state, Direction direction,
         const std::shared_ptr<const void>& alive)
      : lead_(lead), state_(state), direction_(direction), alive_(alive) {}
  // Hands on the lead.
  ~Member() {
    if (joined_) lead_.Leave(*this);
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  // Whether the call leads, from now on or already. If not, it must now wait on
  // its state, and is signalled when it may ask again.
  bool Take() {
    joined_ = true;
    return lead_.Take(*this);
  }

 private:
  friend class Lead;

  Lead& lead_;
  CallState& state_;
  const Direction direction_;
  const std::shared_ptr<const void>& alive_;
  bool joined_ = false;  // of the call's own

  // The lead's mutex guards these.
  bool queued_ = false;
  Member* previous_ = nullptr;
  Member* next_ = nullptr;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UDP_LEAD_H_
