// A CondVar suspends those, threads or fibers, who hold a Mutex (mutex.h) and
// wait for what it guards to change.
//
//   plumb::MutexLock lock(mutex);
//   while (queue.empty()) RETURN_IF_ERROR(changed.Wait(mutex));
//   ...
//   plumb::MutexLock lock(mutex);
//   queue.push_back(job);
//   changed.Signal();
//
// Wait gives the Mutex back while it waits and always returns with it held, for
// better or worse; taking it again is no cancellation point. Errors: `wait:
// operation was canceled` (IsCancelledCall) and `wait: i/o timeout`
// (IsTimeout), from the scopes around the call or its own deadline. A signal
// that has reached a Wait beats both: it is never lost.
//
// Wait returns OK for a Signal and for nothing else; but what was signalled
// another may have taken before the Mutex is held again: wait in a loop.
//
// First come, first signalled. It may be destroyed when all who wait have been
// signalled, even if they have not returned.
//
// Threads: any method at any time. Those who wait at the same time hold the
// same Mutex.
#ifndef PLUMB_TRANSPORT_COND_VAR_H_
#define PLUMB_TRANSPORT_COND_VAR_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/mutex.h"
#include "transport/park.h"
#include "transport/wait_queue.h"

namespace plumb {

class CondVar {
 public:
  CondVar() = default;
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Suspends until Signal or SignalAll.
  absl::Status Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // The same, with a deadline of its own.
  absl::Status WaitUntil(Mutex& mutex, absl::Time deadline,
                         Clock& clock = Clock::Real())
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  absl::Status WaitFor(Mutex& mutex, absl::Duration limit,
                       Clock& clock = Clock::Real())
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  // Lets the first of those who wait go on; nothing when nobody waits. The
  // Mutex need not be held.
  void Signal();
  void SignalAll();

  // How many wait, for tests and diagnostics.
  size_t waiting() const;

 private:
  absl::Status Wait(Mutex& mutex, WaitLimit limit)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);

  WaitQueue queue_;  // with LockFor(this)
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_COND_VAR_H_
