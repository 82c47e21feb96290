// A Gate keeps an object alive and in order while calls are inside it. In one
// word: whether it is closed, how many calls are inside, and a turn for each
// direction.
//
//   if (!gate_.Enter()) return ClosedError(...);
//   ...                          // the object cannot be closed meanwhile
//   gate_.Leave();
//
// This is for those who write backends and decorators. Most use it through
// call.h, which adds deadlines, scopes and waiting; ForwardingConn uses it
// alone.
//
// Those who wait for a turn, for the last call to leave, or for a Close under
// way wait in one table for the whole process, keyed by the Gate's address, so
// that a Gate stays small. Turns are handed on in the order of asking.
//
// Threads: any method at any time. Nothing touches the Gate after Done.
#ifndef PLUMB_TRANSPORT_GATE_H_
#define PLUMB_TRANSPORT_GATE_H_

#include <atomic>
#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/functional/function_ref.h"
#include "transport/direction.h"
#include "transport/waiter.h"

namespace plumb {

class Gate {
 public:
  enum class Turn : uint8_t {
    kTaken,   // the caller is inside and has the turn
    kQueued,  // the caller must wait
    kClosed,
  };

  // One that waits for a turn. Lives on the stack of the call.
  class Queued;

  Gate() = default;
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  bool closed() const {
    return (word_.load(std::memory_order_acquire) & kClosed) != 0;
  }
  // Done was called; the Gate is of no further use.
  bool done() const {
    return (word_.load(std::memory_order_acquire) & kDone) != 0;
  }

  // Counts the caller in; false when closed.
  bool Enter();
  void Leave();

  // Enters and takes the turn of `direction` (kRead or kWrite); kQueued, and
  // not inside, while another has it.
  Turn TryEnter(Direction direction) {
    const uint64_t turn = kTurn[Index(direction)];
    uint64_t word = word_.load(std::memory_order_relaxed);
    do {
      if (ABSL_PREDICT_FALSE((word & kClosed) != 0)) return Turn::kClosed;
      if (ABSL_PREDICT_FALSE((word & turn) != 0)) return Turn::kQueued;
    } while (!word_.compare_exchange_weak(word, (word | turn) + kOne,
                                          std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
    return Turn::kTaken;
  }

  // Whether somebody has or waits for the turn of `direction`. What one stores
  // (seq_cst) before it says no, who takes the turn later loads (seq_cst).
  bool IsTurnTaken(Direction direction) const {
    const int index = Index(direction);
    return (word_.load(std::memory_order_seq_cst) &
            (kTurn[index] | kWaiting[index])) != 0;
  }

  // The same, but when another has the turn queues `queued`, whose owner then
  // parks until queued.turn() changes from kQueued.
  Turn EnterOrQueue(Direction direction, Queued& queued);

  // Takes `queued` out of the queue if it is still there and `leave` says so;
  // false when it was there and stays. `leave` is called with the object still
  // alive and must be brief. Returns true with turn() unchanged when it left.
  bool LeaveQueueIf(Queued& queued, absl::FunctionRef<bool()> leave);

  // Gives the turn to the next in the queue, and leaves.
  void Leave(Direction direction) {
    const uint64_t turn = kTurn[Index(direction)];
    const uint64_t waiting = kWaiting[Index(direction)];
    uint64_t word = word_.load(std::memory_order_relaxed);
    while (ABSL_PREDICT_TRUE((word & (waiting | kClosed)) == 0)) {
      if (word_.compare_exchange_weak(word, (word & ~turn) - kOne,
                                      std::memory_order_release,
                                      std::memory_order_relaxed)) {
        return;
      }
    }
    LeaveSlowly(direction);
  }

  // Closes: later calls are refused and those in the queues get kClosed. False
  // when it was closed before: then waits for the first closer's Done. After
  // true the caller ends what is blocked inside, calls AwaitEmpty, frees what
  // there is to free and calls Done.
  bool Close() {
    uint64_t word = word_.load(std::memory_order_relaxed);
    while (ABSL_PREDICT_TRUE((word & (kClosed | kWaiting[0] | kWaiting[1])) ==
                             0)) {
      if (word_.compare_exchange_weak(word, word | kClosed,
                                      std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
    return CloseSlowly();
  }
  // Suspends until nobody is inside. Not a cancellation point.
  void AwaitEmpty() {
    if (word_.load(std::memory_order_acquire) >= kOne) AwaitEmptySlowly();
  }
  void Done() {
    uint64_t word = word_.load(std::memory_order_relaxed);
    while (ABSL_PREDICT_TRUE((word & kCloserWaits) == 0)) {
      if (word_.compare_exchange_weak(word, word | kDone,
                                      std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
        return;
      }
    }
    DoneSlowly();
  }

  // Wakes those in the queue of `direction`, to look at their deadlines again.
  void WakeQueue(Direction direction);
  // How many are in the queue of `direction`.
  int QueueLength(Direction direction) const;

 private:
  static constexpr uint64_t kClosed = 1, kDone = 2;
  static constexpr uint64_t kTurn[2] = {4, 8};       // somebody has the turn
  static constexpr uint64_t kWaiting[2] = {16, 32};  // the queue is not empty
  static constexpr uint64_t kCloserWaits = 64;       // another one, for Done
  static constexpr uint64_t kOne = 256;              // one call inside

  // What one waits for in the table.
  enum class Reason : uint8_t { kReadTurn, kWriteTurn, kEmpty, kDone };
  struct Bucket;

  static int Index(Direction direction) { return static_cast<int>(direction); }
  static Reason TurnReason(Direction direction);
  Bucket& bucket() const;
  void Subtract(uint64_t amount);
  void LeaveSlowly(Direction direction);
  bool CloseSlowly();
  void AwaitEmptySlowly();
  void DoneSlowly();
  // Marks the Gate closed, or that another closer waits; returns what the word
  // was. With the lock of its bucket.
  uint64_t MarkClosed();
  // `after` is what the word was then.
  void WakeCloserIfEmpty(Bucket& here, uint64_t after) const;
  // Parks until `queued` has been released.
  static void ParkUntilReleased(Queued& queued);
  // Releases all who wait for `reason` at `gate`, which may be gone.
  static void ReleaseAll(const Gate* gate, Bucket& bucket, Reason reason,
                         Turn turn);

  std::atomic<uint64_t> word_{0};
};

class Gate::Queued {
 public:
  Queued() : waiter_(Waiter::Current()) {}
  Queued(const Queued&) = delete;
  Queued& operator=(const Queued&) = delete;

  Turn turn() const { return turn_.load(std::memory_order_acquire); }

 private:
  friend class Gate;

  Waiter& waiter_;
  const Gate* gate_ = nullptr;
  Reason reason_ = Reason::kReadTurn;
  Queued* next_ = nullptr;
  std::atomic<Turn> turn_{Turn::kQueued};
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_GATE_H_
