// A Mutex that suspends those who wait for it, be they threads or fibers, where
// absl::Mutex and std::mutex block the thread and every fiber on it.
//
//   plumb::Mutex mutex_;
//   int hits_ ABSL_GUARDED_BY(mutex_) = 0;
//   ...
//   plumb::MutexLock lock(mutex_);
//   ++hits_;
//
// It may be held across a call that suspends without a deadlock of its own, as
// the fiber that has it goes on by itself; but all who want it wait as long as
// that call does, and if the call waits for one of them, for ever. Therefore
// builds without NDEBUG say on stderr where it happens (ReportHeldMutex). For
// code that never suspends absl::Mutex is right as well, and a little cheaper
// where many threads want it.
//
// Lock is no cancellation point: scopes and deadlines do not end it. Taking and
// giving back a Mutex that nobody else wants is one compare-and-swap each.
//
// Fairness: first come, first served, but for those who come at the moment when
// it is free: they may overtake one who has just been woken, once. Who was
// overtaken is handed the Mutex next.
//
// It may be destroyed by its holder's successor: Unlock does not touch it after
// another can have it.
//
// Threads: any method at any time; Unlock on the thread or fiber that locked.
#ifndef PLUMB_TRANSPORT_MUTEX_H_
#define PLUMB_TRANSPORT_MUTEX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/thread_annotations.h"

namespace plumb {

class ABSL_LOCKABLE Mutex {
 public:
  constexpr Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION();
  // Ends the program with a message when it is not locked.
  void Unlock() ABSL_UNLOCK_FUNCTION();
  // Never suspends.
  bool TryLock() ABSL_EXCLUSIVE_TRYLOCK_FUNCTION(true);

  // Ends the program with a message when nobody holds it.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK();

  // How many wait for it, for tests and diagnostics.
  size_t waiting() const;

 private:
  struct Queued;

  // Beside the bits: the last of the queue, which leads to the first.
  static constexpr uintptr_t kLocked = 1;
  static constexpr uintptr_t kWoken =
      2;  // one was woken and has not looked yet
  static constexpr uintptr_t kBits = kLocked | kWoken;

  static Queued* Last(uintptr_t word);
  void LockSlowly();
  void UnlockSlowly();
  // True when taken; otherwise `self` is in the queue.
  bool TakeOrQueue(Queued& self);

  std::atomic<uintptr_t> word_{0};
};

// Holds a Mutex until the end of its block.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_MUTEX_H_
