// A SystemMutex is std::mutex, with the annotations that Clang checks.
//
// For what is locked for each call or connection and held for an instant. An
// absl::Mutex of a build without NDEBUG, which Debian's library is, looks for
// deadlocks at each Lock, and that costs more than what is done under it.
#ifndef PLUMB_TRANSPORT_SYSTEM_MUTEX_H_
#define PLUMB_TRANSPORT_SYSTEM_MUTEX_H_

#include <mutex>

#include "absl/base/thread_annotations.h"

namespace plumb {

class ABSL_LOCKABLE SystemMutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }
  // For the analysis alone: nothing is checked.
  void AssertHeld() const ABSL_ASSERT_EXCLUSIVE_LOCK() {}

 private:
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE SystemMutexLock {
 public:
  explicit SystemMutexLock(SystemMutex* mutex)
      ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : mutex_(*mutex) {
    mutex_.Lock();
  }
  SystemMutexLock(const SystemMutexLock&) = delete;
  SystemMutexLock& operator=(const SystemMutexLock&) = delete;
  ~SystemMutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }

 private:
  SystemMutex& mutex_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SYSTEM_MUTEX_H_
