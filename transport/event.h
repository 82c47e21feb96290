// An Event happens once; whoever waits for it, on threads or fibers, then goes
// on.
//
//   plumb::Event ready;
//   std::thread server([&] { ...; ready.Notify(); });
//   RETURN_IF_ERROR(ready.Wait());
//
// It may be destroyed as soon as Wait has returned, even if Notify has not.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_EVENT_H_
#define PLUMB_TRANSPORT_EVENT_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/clock.h"

namespace plumb {

class Event {
 public:
  Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();

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
  class State;

  absl::Status WaitWithLimit(Clock& clock, MonotonicNanos deadline);

  const std::shared_ptr<State> state_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_EVENT_H_
