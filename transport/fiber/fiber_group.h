// A FiberGroup starts fibers that do one thing together, and waits for all.
//
//   plumb::FiberGroup group;
//   group.Go([&] { return plumb::Copy(*a, *b).status(); });
//   group.Go([&] { return plumb::Copy(*b, *a).status(); });
//   absl::Status status = group.Wait();
//
// The first error cancels the others and is what Wait returns. The fibers are
// inside the scopes that were around the group when it was made: their
// deadlines and cancellations are the fibers' too. What the functions refer to
// need only outlive the group.
//
// Threads: Go and Cancel, any that the group's end cannot overtake; Wait and
// the destructor, the thread or fiber that made it.
#ifndef PLUMB_TRANSPORT_FIBER_FIBER_GROUP_H_
#define PLUMB_TRANSPORT_FIBER_FIBER_GROUP_H_

#include <atomic>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "transport/linked_list.h"
#include "transport/scope.h"
#include "transport/waiter.h"

namespace plumb {

class Scheduler;

class FiberGroup {
 public:
  // On the Runtime of the calling fiber. Ends the program with a message when
  // the caller is not on one.
  FiberGroup();
  FiberGroup(const FiberGroup&) = delete;
  FiberGroup& operator=(const FiberGroup&) = delete;
  // Cancels the fibers that have not ended and waits for them.
  ~FiberGroup();

  // Starts a fiber. In a group that was cancelled it starts cancelled.
  void Go(absl::AnyInvocable<absl::Status()> function);
  void Go(absl::string_view name, absl::AnyInvocable<absl::Status()> function);

  // Suspends until all fibers have ended; returns the first error. Not a
  // cancellation point, but scopes around the group end its fibers.
  absl::Status Wait();

  // Cancels the fibers, as a CancelScope around each would. Wait returns what
  // they make of it.
  void Cancel();

 private:
  class Member;

  void Join(Member& member);
  void Leave(Member& member);
  void End(absl::Status status);

  Scheduler& scheduler_;
  Waiter& owner_;
  Scope* const outer_;
  std::atomic<bool> cancelled_{false};
  absl::Mutex mutex_;
  // Those that have started and not ended.
  LinkedList<Member> members_ ABSL_GUARDED_BY(mutex_);
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_FIBER_GROUP_H_
