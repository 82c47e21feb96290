// The state of an object's calls, as its Calls (call.h) and those see it who
// end them: who has the turn, who waits, until when, and whether it is closed.
//
// For those who write backends; call.h says how.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_CALL_STATE_H_
#define PLUMB_TRANSPORT_CALL_STATE_H_

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "transport/addr.h"
#include "transport/clock.h"
#include "transport/direction.h"
#include "transport/gate.h"
#include "transport/waiter.h"

namespace plumb {

class Call;

// What the errors of an object's calls say of it.
struct CallNames {
  std::string network;  // as it was given to Dial or Listen
  Addr source;          // this end of a connection; none for a listener
  Addr addr;            // the other end, or where a listener listens
};

class CallState {
 public:
  // `clock` is what deadlines are measured on; it must outlive this.
  explicit CallState(Clock& clock,
                     std::shared_ptr<const CallNames> names = nullptr)
      : clock_(clock), names_(std::move(names)) {}
  CallState(const CallState&) = delete;
  CallState& operator=(const CallState&) = delete;

  Clock& clock() const { return clock_; }
  const std::shared_ptr<const CallNames>& names() const { return names_; }
  bool closed() const { return gate_.closed(); }

  // For calls that do not wait: false when closed; otherwise the object stays
  // until Leave.
  bool Enter() { return gate_.Enter(); }
  void Leave() { gate_.Leave(); }

  // Ends the calls that wait and waits for those that do not. False when it was
  // closed before: the first closer is done by now. After true the caller frees
  // what there is to free and calls Done, after which nothing touches this.
  bool Close();
  void Done() { gate_.Done(); }

  // See Conn::SetDeadline. False when closed.
  bool SetDeadline(Direction direction, absl::Time when);
  bool SetDeadline(Direction direction, MonotonicNanos when);

  // What the call of `direction` waits for may have come: it looks again. Not
  // lost when the call is only about to wait.
  void Signal(Direction direction) {
    if (Waiter* waiter = TakeSignalled(direction)) waiter->Wake();
  }
  // The same, but returns who is to be woken, so that a lock may be held; null
  // for nobody.
  Waiter* TakeSignalled(Direction direction);

  // Whether work may be done at once without a Call, under a lock of the
  // object: one would go on, needs no clock, and nobody has the turn or waits
  // for it.
  bool MayGoAtOnce(Direction direction, const Waiter& waiter) const;
  // Counts a call in for its owner, with the turn if it is free.
  Gate::Turn EnterFor(Direction direction) {
    const Gate::Turn turn = gate_.TryEnter(direction);
    if (turn == Gate::Turn::kQueued && !gate_.Enter()) {
      return Gate::Turn::kClosed;
    }
    return turn;
  }

  // How many calls wait, for their turn or for what they need.
  int Blocked(Direction direction) const;

 private:
  friend class Call;
  struct Parked;

  // Two marks that a slot may hold.
  static inline char news_mark_, shut_mark_;
  static constexpr void* kNews = &news_mark_;
  static constexpr void* kShut = &shut_mark_;

  // What has come out of a slot.
  static bool IsParked(const void* slot);

  // One direction. The slot holds null for nothing new, a mark for something
  // new or for closed, or the one Parked (call.cc).
  struct Side {
    bool HasNews() const {
      return slot.load(std::memory_order_relaxed) == kNews;
    }
    void TakeNews() {
      void* news = kNews;
      slot.compare_exchange_strong(news, nullptr, std::memory_order_acq_rel);
    }

    std::atomic<void*> slot{nullptr};
    std::atomic<MonotonicNanos> deadline{kNever};
  };

  // Whether a call of `direction` could end before it is done for another
  // reason than a Close.
  bool HasLimits(Direction direction, const Waiter& waiter) const {
    return waiter.scopes_may_end() ||
           side(direction).deadline.load(std::memory_order_acquire) != kNever;
  }

  Side& side(Direction d) { return sides_[d == Direction::kRead ? 0 : 1]; }
  const Side& side(Direction d) const {
    return sides_[d == Direction::kRead ? 0 : 1];
  }
  void MoveDeadlines(Direction direction, MonotonicNanos when);
  void MoveDeadline(Direction direction, MonotonicNanos when);
  void EndParked(Direction direction);

  Clock& clock_;
  const std::shared_ptr<const CallNames> names_;
  Gate gate_;
  Side sides_[2];
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_CALL_STATE_H_
