// A Latch is opened by the last of several; whoever waits for it, on threads or
// fibers, then goes on.
//
//   plumb::Latch ready(3);
//   for (int i = 0; i < 3; ++i) plumb::Go([&] { ...; ready.CountDown(); });
//   RETURN_IF_ERROR(ready.Wait());
//
// It may be destroyed as soon as Wait has returned.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_LATCH_H_
#define PLUMB_TRANSPORT_LATCH_H_

#include <atomic>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/event.h"

namespace plumb {

class Latch {
 public:
  // Open from the beginning when `count` is 0.
  explicit Latch(size_t count);
  Latch(const Latch&) = delete;
  Latch& operator=(const Latch&) = delete;

  // Below zero ends the program with a message.
  void CountDown(size_t by = 1);
  bool IsOpen() const { return open_.HasBeenNotified(); }

  // Suspends until the count is zero. Errors are those of Event::Wait.
  absl::Status Wait() { return open_.Wait(); }
  // The same, with a deadline of its own.
  absl::Status WaitUntil(absl::Time deadline, Clock& clock = Clock::Real()) {
    return open_.WaitUntil(deadline, clock);
  }

 private:
  std::atomic<size_t> count_;
  Event open_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_LATCH_H_
