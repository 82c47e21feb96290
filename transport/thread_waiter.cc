#include "transport/thread_waiter.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <utility>
#include <vector>

#include "absl/base/config.h"
#include "absl/base/thread_annotations.h"
#include "transport/system_mutex.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

constexpr MonotonicNanos kSecond = 1000000000;
// How long a wait without an eventfd goes before it looks around.
constexpr MonotonicNanos kSlice = 10 * 1000 * 1000;

timespec ToTimespec(MonotonicNanos nanos) {
  timespec t;
  t.tv_sec = static_cast<time_t>(nanos / kSecond);
  t.tv_nsec = static_cast<long>(nanos % kSecond);
  return t;
}

// The ppoll(2) of the C library is a point where pthread_cancel(3) may end the
// thread, which costs two atomic operations a call in a program of several
// threads. Sanitizers know only that one. May change `timeout`.
void PollDescriptors(pollfd* fds, nfds_t count, timespec* timeout) {
#if defined(ABSL_HAVE_ADDRESS_SANITIZER) || \
    defined(ABSL_HAVE_MEMORY_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
  ppoll(fds, count, timeout, nullptr);
#else
  syscall(SYS_ppoll, fds, count, timeout, nullptr, size_t{0});
#endif
}

// `state_` says where the owner is, so that Wake knows how to reach it.
class FutexWaiter final : public Waiter {
 public:
  void Park(MonotonicNanos deadline, const WaitReason* /*reason*/) override {
    if (!Enter(kInFutex)) return;
    const timespec until = ToTimespec(deadline);
    // FUTEX_WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, futex(2).
    while (state_.load(std::memory_order_acquire) == kInFutex) {
      const long result =
          syscall(SYS_futex, &state_, FUTEX_WAIT_BITSET_PRIVATE, kInFutex,
                  deadline == kNever ? nullptr : &until, nullptr,
                  FUTEX_BITSET_MATCH_ANY);
      if (result == -1 && errno == ETIMEDOUT) break;
    }
    state_.exchange(kRunning, std::memory_order_acquire);
  }

  void ParkOn(const Op& op, MonotonicNanos deadline,
              const WaitReason* /*reason*/) override {
    const int wake_fd = WakeDescriptor();
    if (!Enter(kInPoll)) return;
    // A Wake that saw kInPoll may write only after this: then the next ParkOn
    // returns for no reason, which is allowed.
    Poll(op, wake_fd, deadline);
    state_.exchange(kRunning, std::memory_order_acquire);
  }

  bool ParksInSystemCall() const override { return true; }

  void Wake() override {
    switch (state_.exchange(kWoken, std::memory_order_release)) {
      case kInFutex:
        syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
        break;
      case kInPoll:
        WriteWakeDescriptor();
        break;
      default:
        break;
    }
  }

  // The thread has ended; the object stays for late Wakes and for reuse.
  void Retire() {
    ForgetOwner();
    SystemMutexLock lock(&mutex_);
    if (wake_fd_ >= 0) close(wake_fd_);
    wake_fd_ = own_wake_fd_ = -1;
  }

 private:
  enum State : int { kRunning, kWoken, kInFutex, kInPoll };

  // False, and the token is used up, when there was a Wake.
  bool Enter(State where) {
    int expected = kRunning;
    if (state_.compare_exchange_strong(expected, where,
                                       std::memory_order_acq_rel)) {
      return true;
    }
    state_.exchange(kRunning, std::memory_order_acquire);
    return false;
  }

  static void Poll(const Op& op, int wake_fd, MonotonicNanos deadline) {
    pollfd fds[2] = {};
    fds[0].fd = op.descriptor();
    fds[0].events = op.direction() == Direction::kWrite ? POLLOUT : POLLIN;
    fds[1].fd = wake_fd;  // ignored by poll(2) when negative
    fds[1].events = POLLIN;
    MonotonicNanos left = kNever;
    if (deadline != kNever) {
      left =
          std::max<MonotonicNanos>(deadline - Clock::Real().MonotonicNow(), 0);
    }
    if (wake_fd < 0) left = std::min(left, kSlice);
    timespec timeout = ToTimespec(left);
    PollDescriptors(fds, 2, left == kNever ? nullptr : &timeout);
    if ((fds[1].revents & POLLIN) != 0) Drain(wake_fd);
  }

  int WakeDescriptor() {
    if (own_wake_fd_ >= 0) return own_wake_fd_;
    own_wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    SystemMutexLock lock(&mutex_);
    wake_fd_ = own_wake_fd_;
    return wake_fd_;
  }

  void WriteWakeDescriptor() {
    // Under the lock, so that the number cannot mean another file by now.
    SystemMutexLock lock(&mutex_);
    const uint64_t one = 1;
    if (wake_fd_ >= 0) (void)!write(wake_fd_, &one, sizeof one);
  }

  static void Drain(int wake_fd) {
    uint64_t count;
    (void)!read(wake_fd, &count, sizeof count);
  }

  std::atomic<int> state_{kRunning};
  int own_wake_fd_ = -1;  // the same, for the owner alone
  SystemMutex mutex_;
  int wake_fd_ ABSL_GUARDED_BY(mutex_) = -1;
};

static_assert(sizeof(std::atomic<int>) == sizeof(int), "futex(2) wants an int");

// The Waiters of ended threads.
class Pool {
 public:
  static Pool& Get() {
    static Pool* const pool = new Pool;
    return *pool;
  }

  FutexWaiter* Take() {
    SystemMutexLock lock(&mutex_);
    if (free_.empty()) return new FutexWaiter;
    FutexWaiter* const waiter = free_.back();
    free_.pop_back();
    return waiter;
  }

  void Give(FutexWaiter* waiter) {
    waiter->Retire();
    SystemMutexLock lock(&mutex_);
    free_.push_back(waiter);
  }

 private:
  SystemMutex mutex_;
  std::vector<FutexWaiter*> free_ ABSL_GUARDED_BY(mutex_);
};

struct Owner {
  FutexWaiter* waiter = nullptr;

  ~Owner() {
    if (waiter == nullptr) return;
    Waiter::SetCurrent(nullptr);
    Pool::Get().Give(std::exchange(waiter, nullptr));
  }
};

thread_local Owner owner;

}  // namespace

Waiter& ThreadWaiter() {
  if (owner.waiter == nullptr) owner.waiter = Pool::Get().Take();
  return *owner.waiter;
}

}  // namespace plumb
