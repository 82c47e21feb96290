// Atomics and mutexes whose operations are steps of an explorer (explorer.h),
// and which tell when they are used after their end. checked_build.h puts them
// in place of std::atomic and SystemMutex.
//
// Threads: as explorer.h.
#ifndef PLUMB_TESTING_INTERLEAVE_CHECKED_H_
#define PLUMB_TESTING_INTERLEAVE_CHECKED_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "testing/interleave/explorer.h"

namespace plumb {
namespace interleave {

// Says whether the object around it lives.
class Life {
 public:
  constexpr Life() = default;
  ~Life() {
    Step(this, Access::kWrite, "destroy");
    state_ = kEnded;
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;

  // Before an operation.
  void Check(const char* operation) const {
    if (state_ != kLives) {
      Fail(std::string("after its end: ") + operation);
    }
  }

 private:
  static constexpr uint32_t kLives = 0x6c697665, kEnded = 0x64656164;
  volatile uint32_t state_ = kLives;
};

template <typename T>
class CheckedAtomic {
 public:
  constexpr CheckedAtomic() : value_() {}
  constexpr CheckedAtomic(T value) : value_(value) {}  // as std::atomic's
  CheckedAtomic(const CheckedAtomic&) = delete;
  CheckedAtomic& operator=(const CheckedAtomic&) = delete;

  T load(std::memory_order = std::memory_order_seq_cst) const {
    Begin(Access::kRead, "load");
    return value_;
  }
  void store(T value, std::memory_order = std::memory_order_seq_cst) {
    Begin(Access::kWrite, "store");
    value_ = value;
  }
  T exchange(T value, std::memory_order = std::memory_order_seq_cst) {
    Begin(Access::kWrite, "exchange");
    const T before = value_;
    value_ = value;
    return before;
  }
  bool compare_exchange_strong(T& expected, T value,
                               std::memory_order = std::memory_order_seq_cst,
                               std::memory_order = std::memory_order_seq_cst) {
    Begin(Access::kWrite, "compare_exchange");
    const bool same = value_ == expected;
    if (same) {
      value_ = value;
    } else {
      expected = value_;
    }
    return same;
  }
  bool compare_exchange_weak(T& expected, T value,
                             std::memory_order = std::memory_order_seq_cst,
                             std::memory_order = std::memory_order_seq_cst) {
    return compare_exchange_strong(expected, value);
  }
  T fetch_add(T value, std::memory_order = std::memory_order_seq_cst) {
    return exchange_with([&](T before) { return before + value; });
  }
  T fetch_sub(T value, std::memory_order = std::memory_order_seq_cst) {
    return exchange_with([&](T before) { return before - value; });
  }
  T fetch_or(T value, std::memory_order = std::memory_order_seq_cst) {
    return exchange_with([&](T before) { return before | value; });
  }
  T fetch_and(T value, std::memory_order = std::memory_order_seq_cst) {
    return exchange_with([&](T before) { return before & value; });
  }

 private:
  void Begin(Access access, const char* operation) const {
    Step(&life_, access, operation);
    life_.Check(operation);
  }
  template <typename Change>
  T exchange_with(Change change) {
    Begin(Access::kWrite, "fetch");
    const T before = value_;
    value_ = static_cast<T>(change(before));
    return before;
  }

  T value_;
  Life life_;
};

class ABSL_LOCKABLE CheckedMutex {
 public:
  constexpr CheckedMutex() = default;
  CheckedMutex(const CheckedMutex&) = delete;
  CheckedMutex& operator=(const CheckedMutex&) = delete;

  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    StepWhen(&life_, "lock", [this] { return !held_; });
    life_.Check("lock");
    held_ = true;
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    held_ = false;
    Release(&life_);
  }

 private:
  bool held_ = false;
  Life life_;
};

class ABSL_SCOPED_LOCKABLE CheckedMutexLock {
 public:
  explicit CheckedMutexLock(CheckedMutex* mutex)
      ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex)
      : mutex_(mutex) {
    mutex_->Lock();
  }
  ~CheckedMutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }
  CheckedMutexLock(const CheckedMutexLock&) = delete;
  CheckedMutexLock& operator=(const CheckedMutexLock&) = delete;

 private:
  CheckedMutex* const mutex_;
};

}  // namespace interleave
}  // namespace plumb

#endif  // PLUMB_TESTING_INTERLEAVE_CHECKED_H_
