// An Event happens once; whoever waits for it, on threads or fibers, then goes
// on.
//
//   plumb::Event ready;
//   std::thread server([&] { ...; ready.Notify(); });
//   RETURN_IF_ERROR(ready.Wait());
//
// It may be destroyed as soon as Wait has returned, even if Notify has not. To
// count several things down there is Latch (latch.h).
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_EVENT_H_
#define PLUMB_TRANSPORT_EVENT_H_

#include <atomic>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/park.h"
#include "transport/wait_queue.h"

namespace plumb {

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // Again is not an error.
  void Notify();
  bool HasBeenNotified() const;

  // Suspends until Notify. Errors: `wait: operation was canceled`
  // (IsCancelledCall) and `wait: i/o timeout` (IsTimeout), from the scopes
  // around the call. What has happened beats both.
  absl::Status Wait();
  // The same, with a deadline of its own.
  absl::Status WaitUntil(absl::Time deadline, Clock& clock = Clock::Real());

 private:
  absl::Status Wait(WaitLimit limit);

  std::atomic<bool> happened_{false};
  WaitQueue queue_;  // with LockFor(this)
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_EVENT_H_
