// What a backend needs to make blocking calls that obey the contract of Conn:
// turns, closing, cancelling, deadlines and waiting, on threads and on fibers.
//
// A Conn (Listener, PacketConn) holds a CallState; each blocking method makes a
// Call on it, tries its work, and waits while it cannot be done:
//
//   absl::StatusOr<size_t> MemoryConn::Read(absl::Span<char> buffer) {
//     Call call(state_, Direction::kRead);
//     while (call.ok()) {
//       if (std::optional<size_t> n = queue_.TryPop(buffer)) return *n;
//       call.Wait();                     // until state_.Signal(kRead)
//     }
//     return call.Error("read");
//   }
//
//   absl::StatusOr<size_t> SocketConn::Read(absl::Span<char> buffer) {
//     Call call(state_, Direction::kRead);
//     if (!call.ok()) return call.Error("read");
//     ReceiveOp op(descriptor_, buffer);
//     if (!call.Run(op)) return call.Error("read");
//     return op.result();
//   }
//
// The outcome is decided in one order, at the start and after every wake-up:
// closed, cancelled, deadline, work.
//
// Close takes a waiting call off its state and ends it there and then. Such a
// call must not touch the object again, which may be gone: after ok() has
// turned false, only the Call itself (and what is on the stack) may be used.
// What its error says is therefore shared with it (CallNames).
//
// Threads: CallState, any method at any time; a Call belongs to its maker.
#ifndef PLUMB_TRANSPORT_CALL_H_
#define PLUMB_TRANSPORT_CALL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/gate.h"
#include "transport/wait_reason.h"
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

  // One direction. The slot holds null for nothing new, a mark for something
  // new or for closed (call.cc), or the one Parked.
  struct Side {
    std::atomic<void*> slot{nullptr};
    std::atomic<MonotonicNanos> deadline{kNever};
  };

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

class Call {
 public:
  enum class Outcome : uint8_t {
    kGo,  // none of the below: try
    kClosed,
    kCancelled,
    kTimeout,       // the connection's deadline
    kScopeTimeout,  // a scope's deadline
  };

  // Takes its turn, waiting for it if need be. `direction` is kRead or kWrite.
  // `op` is what it says that it waits in (fiber/dump_fibers.h), a constant;
  // null for "read" or "write".
  Call(CallState& state, Direction direction, const char* op = nullptr);
  // Has its turn already: EnterFor has returned kTaken.
  struct HasTurn {};
  Call(CallState& state, Direction direction, HasTurn);
  // Gives the turn to the next.
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  bool ok() const { return outcome_ == Outcome::kGo; }
  Outcome outcome() const { return outcome_; }

  // The error of this outcome (not kGo): `op network source->addr: cause`, with
  // the state's names. Touches nothing of the object.
  absl::Status Error(absl::string_view op) const;
  // The same with what else is to be said, such as bytes_done; `info` needs
  // neither the op nor the names.
  absl::Status Error(absl::string_view op, ErrorInfo info) const;

  // Whether the object may still be touched: not when Close ended the wait.
  bool inside() const { return inside_; }

  // What it says that it waits for, in place of the op and the state's names;
  // must outlive the waits.
  void set_reason(const WaitReason* reason) { reason_ = reason; }

  // Looks again, without waiting; returns ok(). For work that goes on for long:
  // nobody else can end it.
  bool Recheck();

  // Suspends until CallState::Signal, or for no reason; returns ok().
  bool Wait();

  // The same, or until `until` on the state's clock.
  bool WaitUntil(MonotonicNanos until);

  // The same, or until `op` may be tried again.
  bool WaitFor(const Op& op);

  // The same, or until `until` on the state's clock.
  bool WaitFor(const Op& op, MonotonicNanos until);

  // Tries `op` until it is done: true. False when the outcome came first.
  bool Run(Op& op);

  // The same, but waits before the first try: for what will most likely block,
  // as the try before found nothing more. Not when anybody has waited in
  // between without a try, who may have been told of what is there now.
  bool RunAfterWait(Op& op);

  // Suspends for `duration` on the state's clock, for a condition of which
  // nobody tells; returns ok().
  bool Pause(absl::Duration duration);

 private:
  void TakeTurn();
  bool Suspend(const Op* op, MonotonicNanos until);
  // After the wait: takes the node back or learns who took it.
  bool Settle(CallState::Parked& parked);
  Outcome Check() const;

  CallState& state_;
  Clock& clock_;
  const Direction direction_;
  Waiter& waiter_;
  const char* const op_;
  const WaitReason* reason_ = nullptr;
  // Of a call that is not inside.
  std::shared_ptr<const CallNames> names_;
  Outcome outcome_ = Outcome::kGo;
  bool inside_ = false;
};

// The error of a Call that ended with `outcome` (not kGo).
absl::Status CallError(Call::Outcome outcome, ErrorInfo info);

// An ErrorInfo of `op` with `names`, which may be null.
ErrorInfo NamedInfo(absl::string_view op, const CallNames* names,
                    ErrorInfo info = ErrorInfo());

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_CALL_H_
