#include "transport/mutex.h"

#include <cstdio>
#include <cstdlib>

#include "transport/clock.h"
#include "transport/held_mutex.h"
#include "transport/lock_table.h"
#include "transport/system_mutex.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

// The queue and its part of the word change under LockFor(this) alone. The bit
// kLocked changes without: it is taken by anybody while it is clear, and given
// back without the lock only while the rest of the word is zero.
//
// kWoken keeps at one the number of those who were woken and compete for the
// Mutex. Who loses goes back to the head of the queue, and is handed the Mutex
// the next time.

namespace plumb {
namespace {

constexpr OpReason kReason("lock of a mutex");

[[noreturn]] void Die(const char* what) {
  std::fprintf(stderr, "plumb::Mutex: %s\n", what);
  std::abort();
}

}  // namespace

struct Mutex::Queued {
  enum State : int { kQueued, kCompete, kHolder };

  Waiter& waiter = Waiter::Current();
  Queued* next = nullptr;  // of the last: the first
  bool overtaken = false;  // once before
  std::atomic<int> state{kQueued};
};

Mutex::Queued* Mutex::Last(uintptr_t word) {
  return reinterpret_cast<Queued*>(word & ~kBits);
}

void Mutex::Lock() {
  uintptr_t free = 0;
  if (!word_.compare_exchange_strong(free, kLocked, std::memory_order_acquire,
                                     std::memory_order_relaxed)) {
    LockSlowly();
  }
  CountHeldMutexes(1);
}

bool Mutex::TryLock() {
  uintptr_t word = word_.load(std::memory_order_relaxed);
  do {
    if ((word & kLocked) != 0) return false;
  } while (!word_.compare_exchange_weak(word, word | kLocked,
                                        std::memory_order_acquire,
                                        std::memory_order_relaxed));
  CountHeldMutexes(1);
  return true;
}

void Mutex::LockSlowly() {
  Queued self;
  while (!TakeOrQueue(self)) {
    int state;
    while ((state = self.state.load(std::memory_order_acquire)) ==
           Queued::kQueued) {
      self.waiter.Park(kNever, &kReason);
    }
    if (state == Queued::kHolder) return;
    self.overtaken = true;
    self.state.store(Queued::kQueued, std::memory_order_relaxed);
  }
}

bool Mutex::TakeOrQueue(Queued& self) {
  SystemMutexLock lock(&LockFor(this));
  uintptr_t word = word_.load(std::memory_order_relaxed);
  uintptr_t next;
  do {
    next = self.overtaken ? word & ~kWoken : word;
    if ((word & kLocked) == 0) {
      next |= kLocked;
    } else if (Last(word) == nullptr || !self.overtaken) {
      next = (next & kBits) | reinterpret_cast<uintptr_t>(&self);
    }
  } while (!word_.compare_exchange_weak(word, next, std::memory_order_acq_rel,
                                        std::memory_order_relaxed));
  if ((word & kLocked) == 0) return true;
  Queued* const last = Last(word);
  self.next = last == nullptr ? &self : last->next;
  if (last != nullptr) last->next = &self;
  return false;
}

void Mutex::Unlock() {
  CountHeldMutexes(-1);
  uintptr_t alone = kLocked;
  if (!word_.compare_exchange_strong(alone, 0, std::memory_order_release,
                                     std::memory_order_relaxed)) {
    UnlockSlowly();
  }
}

void Mutex::UnlockSlowly() {
  SystemMutex& table = LockFor(this);
  table.Lock();
  const uintptr_t word = word_.load(std::memory_order_relaxed);
  if ((word & kLocked) == 0) Die("unlocked, but it is not locked");
  Queued* const last = Last(word);
  if (last == nullptr || (word & kWoken) != 0) {
    word_.store(word & ~kLocked, std::memory_order_release);
    table.Unlock();
    return;
  }
  Queued& first = *last->next;
  Waiter& waiter = first.waiter;
  last->next = first.next;
  const uintptr_t rest = &first == last ? 0 : word & ~kBits;
  const bool hand_over = first.overtaken;
  word_.store(rest | (hand_over ? kLocked : kWoken), std::memory_order_release);
  first.state.store(hand_over ? Queued::kHolder : Queued::kCompete,
                    std::memory_order_release);
  table.Unlock();
  waiter.Wake();
}

void Mutex::AssertHeld() const {
  if ((word_.load(std::memory_order_relaxed) & kLocked) == 0) {
    Die("held by nobody, but its holder was asked for");
  }
}

size_t Mutex::waiting() const {
  SystemMutexLock lock(&LockFor(this));
  const Queued* const last = Last(word_.load(std::memory_order_acquire));
  if (last == nullptr) return 0;
  size_t count = 1;
  for (const Queued* one = last->next; one != last; one = one->next) ++count;
  return count;
}

}  // namespace plumb
