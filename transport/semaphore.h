// A Semaphore has a number of permits, and suspends those, threads or fibers,
// who want more than are left.
//
//   plumb::Semaphore lookups(8);                  // eight at a time
//   ...
//   RETURN_IF_ERROR(lookups.Acquire());
//   absl::Cleanup release = [&] { lookups.Release(); };
//
// First come, first served: who wants many is not overtaken by those who want
// few. It may be destroyed as soon as an Acquire has returned whose Release
// elsewhere has not.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_SEMAPHORE_H_
#define PLUMB_TRANSPORT_SEMAPHORE_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/park.h"
#include "transport/wait_queue.h"

namespace plumb {

class Semaphore {
 public:
  explicit Semaphore(size_t permits) : permits_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // Takes `count` permits, all at once; suspends until there are so many.
  // Errors: `acquire: operation was canceled` (IsCancelledCall) and `acquire:
  // i/o timeout` (IsTimeout), from the scopes around the call, also when there
  // are permits. An error has taken none.
  absl::Status Acquire(size_t count = 1);
  // The same, with a deadline of its own.
  absl::Status AcquireUntil(absl::Time deadline, size_t count = 1,
                            Clock& clock = Clock::Real());
  // Never suspends, and looks at no scope. False too when others wait.
  bool TryAcquire(size_t count = 1);

  // Gives `count` permits, which need not have been taken before.
  void Release(size_t count = 1);

  // How many are left, and how many wait, for tests and diagnostics.
  size_t permits() const;
  size_t waiting() const;

 private:
  absl::Status Acquire(size_t count, WaitLimit limit);
  bool TryTake(size_t count);
  void Grant(LinkedList<Waiting>& released);

  // With LockFor(this).
  size_t permits_;
  WaitQueue queue_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SEMAPHORE_H_
