#include "transport/gate.h"

#include <vector>

#include "absl/base/thread_annotations.h"
#include "transport/system_mutex.h"
#include "transport/wait_reason.h"

// The table's rule: whoever changes a Queued's turn does so under the bucket's
// lock as the last access to it but for the Waiter, which is never freed; the
// owner leaves only with a changed turn or after taking itself out under that
// lock. A kWaiting bit changes under the lock alone, and kCloserWaits is set
// under it, so who sees none when it leaves, closes or is done needs no table.

namespace plumb {
namespace {

constexpr OpReason kClosing("close, until those inside have left");

}  // namespace

struct Gate::Bucket {
  SystemMutex mutex;
  Queued* first ABSL_GUARDED_BY(mutex) = nullptr;

  void Append(Queued& queued) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    Queued** link = &first;
    while (*link != nullptr) link = &(*link)->next_;
    queued.next_ = nullptr;
    *link = &queued;
  }

  // The first for `gate` and `reason`, taken out; null when there is none.
  Queued* Pop(const Gate* gate, Reason reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    for (Queued** link = &first; *link != nullptr; link = &(*link)->next_) {
      Queued* const queued = *link;
      if (queued->gate_ != gate || queued->reason_ != reason) continue;
      *link = queued->next_;
      return queued;
    }
    return nullptr;
  }

  // Takes out all for `gate` and `reason`; `waiters` are to be woken without
  // the lock.
  void Release(const Gate* gate, Reason reason, Turn turn,
               std::vector<Waiter*>& waiters)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    while (Queued* const queued = Pop(gate, reason)) {
      waiters.push_back(&queued->waiter_);
      queued->turn_.store(turn, std::memory_order_release);
    }
  }

  bool Contains(const Gate* gate, Reason reason) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    for (Queued* queued = first; queued != nullptr; queued = queued->next_) {
      if (queued->gate_ == gate && queued->reason_ == reason) return true;
    }
    return false;
  }

  bool Remove(const Queued& queued) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    for (Queued** link = &first; *link != nullptr; link = &(*link)->next_) {
      if (*link != &queued) continue;
      *link = queued.next_;
      return true;
    }
    return false;
  }
};

Gate::Bucket& Gate::bucket() const {
  static constexpr int kBuckets = 256;
  static Bucket* const buckets = new Bucket[kBuckets];
  // Fibonacci hashing: the low bits of addresses are all alike.
  const uint64_t hash =
      reinterpret_cast<uintptr_t>(this) * uint64_t{0x9e3779b97f4a7c15};
  return buckets[hash >> 56];
}

Gate::Reason Gate::TurnReason(Direction direction) {
  return direction == Direction::kRead ? Reason::kReadTurn : Reason::kWriteTurn;
}

bool Gate::Enter() {
  uint64_t word = word_.load(std::memory_order_relaxed);
  do {
    if ((word & kClosed) != 0) return false;
  } while (!word_.compare_exchange_weak(
      word, word + kOne, std::memory_order_acquire, std::memory_order_relaxed));
  return true;
}

void Gate::Leave() { Subtract(kOne); }

void Gate::Subtract(uint64_t amount) {
  Bucket& here = bucket();
  const uint64_t after =
      word_.fetch_sub(amount, std::memory_order_acq_rel) - amount;
  WakeCloserIfEmpty(here, after);
}

void Gate::WakeCloserIfEmpty(Bucket& here, uint64_t after) const {
  // The Gate may be gone by now, and another one be at its address: that one's
  // closer looks again.
  if ((after & kClosed) != 0 && after < kOne) {
    ReleaseAll(this, here, Reason::kEmpty, Turn::kClosed);
  }
}

Gate::Turn Gate::EnterOrQueue(Direction direction, Queued& queued) {
  Bucket& here = bucket();
  SystemMutexLock lock(&here.mutex);
  for (;;) {
    const Turn turn = TryEnter(direction);
    if (turn != Turn::kQueued) return turn;
    uint64_t word = word_.load(std::memory_order_relaxed);
    if ((word & kClosed) != 0 || (word & kTurn[Index(direction)]) == 0) {
      continue;
    }
    if (word_.compare_exchange_strong(word, word | kWaiting[Index(direction)],
                                      std::memory_order_seq_cst)) {
      break;
    }
  }
  queued.gate_ = this;
  queued.reason_ = TurnReason(direction);
  here.Append(queued);
  return Turn::kQueued;
}

bool Gate::LeaveQueueIf(Queued& queued, absl::FunctionRef<bool()> leave) {
  Bucket& here = bucket();
  SystemMutexLock lock(&here.mutex);
  // Once released the Gate may be gone, if the release was a Close.
  if (queued.turn() != Turn::kQueued) return true;
  if (!leave()) return false;
  here.Remove(queued);
  if (!here.Contains(this, queued.reason_)) {
    const int index = queued.reason_ == Reason::kReadTurn ? 0 : 1;
    word_.fetch_and(~kWaiting[index], std::memory_order_acq_rel);
  }
  return true;
}

void Gate::LeaveSlowly(Direction direction) {
  Bucket& here = bucket();
  Waiter* next = nullptr;
  uint64_t after = 0;
  {
    SystemMutexLock lock(&here.mutex);
    Queued* const queued = here.Pop(this, TurnReason(direction));
    if (queued != nullptr) {
      // The turn and the place inside pass over as they are.
      if (!here.Contains(this, TurnReason(direction))) {
        word_.fetch_and(~kWaiting[Index(direction)], std::memory_order_acq_rel);
      }
      next = &queued->waiter_;
      queued->turn_.store(Turn::kTaken, std::memory_order_release);
    } else {
      // Under the lock: nobody can queue for a turn that is just being given
      // up.
      const uint64_t amount = kOne + kTurn[Index(direction)];
      after = word_.fetch_sub(amount, std::memory_order_acq_rel) - amount;
    }
  }
  if (next != nullptr) {
    next->Wake();
  } else {
    WakeCloserIfEmpty(here, after);
  }
}

uint64_t Gate::MarkClosed() {
  uint64_t word = word_.load(std::memory_order_acquire);
  uint64_t next;
  do {
    if ((word & kDone) != 0) return word;
    next = word | ((word & kClosed) != 0 ? kCloserWaits : kClosed);
  } while (!word_.compare_exchange_weak(word, next, std::memory_order_acq_rel,
                                        std::memory_order_acquire));
  return word;
}

bool Gate::CloseSlowly() {
  if (done()) return false;
  Bucket& here = bucket();
  Queued queued;
  std::vector<Waiter*> waiters;
  {
    SystemMutexLock lock(&here.mutex);
    const uint64_t word = MarkClosed();
    if ((word & kDone) != 0) return false;
    if ((word & kClosed) != 0) {
      queued.gate_ = this;
      queued.reason_ = Reason::kDone;
      here.Append(queued);
    } else {
      here.Release(this, Reason::kReadTurn, Turn::kClosed, waiters);
      here.Release(this, Reason::kWriteTurn, Turn::kClosed, waiters);
    }
  }
  for (Waiter* waiter : waiters) waiter->Wake();
  if (queued.gate_ == nullptr) return true;
  ParkUntilReleased(queued);
  return false;
}

void Gate::AwaitEmptySlowly() {
  Bucket& here = bucket();
  for (;;) {
    Queued queued;
    {
      SystemMutexLock lock(&here.mutex);
      if (word_.load(std::memory_order_acquire) < kOne) return;
      queued.gate_ = this;
      queued.reason_ = Reason::kEmpty;
      here.Append(queued);
    }
    ParkUntilReleased(queued);
  }
}

void Gate::DoneSlowly() {
  Bucket& here = bucket();
  std::vector<Waiter*> waiters;
  {
    // In one: with the mark set, another may free the Gate and put a new one at
    // its address.
    SystemMutexLock lock(&here.mutex);
    word_.fetch_or(kDone, std::memory_order_acq_rel);
    here.Release(this, Reason::kDone, Turn::kClosed, waiters);
  }
  for (Waiter* waiter : waiters) waiter->Wake();
}

void Gate::ParkUntilReleased(Queued& queued) {
  while (queued.turn() == Turn::kQueued) {
    queued.waiter_.Park(kNever, &kClosing);
  }
}

void Gate::ReleaseAll(const Gate* gate, Bucket& bucket, Reason reason,
                      Turn turn) {
  std::vector<Waiter*> waiters;
  {
    SystemMutexLock lock(&bucket.mutex);
    bucket.Release(gate, reason, turn, waiters);
  }
  for (Waiter* waiter : waiters) waiter->Wake();
}

void Gate::WakeQueue(Direction direction) {
  std::vector<Waiter*> waiters;
  {
    Bucket& here = bucket();
    SystemMutexLock lock(&here.mutex);
    for (Queued* queued = here.first; queued != nullptr;
         queued = queued->next_) {
      if (queued->gate_ == this && queued->reason_ == TurnReason(direction)) {
        waiters.push_back(&queued->waiter_);
      }
    }
  }
  for (Waiter* waiter : waiters) waiter->Wake();
}

int Gate::QueueLength(Direction direction) const {
  Bucket& here = bucket();
  SystemMutexLock lock(&here.mutex);
  int length = 0;
  for (Queued* queued = here.first; queued != nullptr; queued = queued->next_) {
    if (queued->gate_ == this && queued->reason_ == TurnReason(direction)) {
      ++length;
    }
  }
  return length;
}

}  // namespace plumb
