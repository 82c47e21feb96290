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

#include <cstdint>
#include <memory>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "transport/call_state.h"
#include "transport/clock.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/gate.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {

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
  ABSL_ATTRIBUTE_ALWAYS_INLINE Call(CallState& state, Direction direction,
                                    const char* op = nullptr)
      : state_(state), direction_(direction), op_(op) {
    waiter_.CountCall();
    const Gate::Turn turn = state.gate_.TryEnter(direction);
    if (ABSL_PREDICT_TRUE(turn == Gate::Turn::kTaken)) {
      inside_ = true;
      if (ABSL_PREDICT_FALSE(state.HasLimits(direction, waiter_))) {
        outcome_ = CheckLimits();
      }
      ForgetNews();
    } else {
      BeginSlowly(turn);
    }
  }
  // Has its turn already: EnterFor has returned kTaken.
  struct HasTurn {};
  Call(CallState& state, Direction direction, HasTurn)
      : state_(state), direction_(direction), inside_(true), op_(nullptr) {
    outcome_ = Check();
  }
  // Gives the turn to the next.
  ABSL_ATTRIBUTE_ALWAYS_INLINE ~Call() {
    if (ABSL_PREDICT_TRUE(inside_)) state_.gate_.Leave(direction_);
  }
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
  // (A template for the sake of the compiler, which then knows the operation.)
  template <typename AnyOp>
  bool Run(AnyOp& op) {
    while (ABSL_PREDICT_TRUE(ok())) {
      if (op.Attempt()) return true;
      WaitFor(op);
    }
    return false;
  }

  // The same, but waits before the first try: for what will most likely block,
  // as the try before found nothing more. Not when anybody has waited in
  // between without a try, who may have been told of what is there now.
  template <typename AnyOp>
  bool RunAfterWait(AnyOp& op) {
    op.set_waits_first(true);
    WaitFor(op);
    op.set_waits_first(false);
    return Run(op);
  }

  // Suspends for `duration` on the state's clock, for a condition of which
  // nobody tells; returns ok().
  bool Pause(absl::Duration duration);

 private:
  friend class CallState;

  // Whatever was news before this call's first try, the try will see.
  void ForgetNews() {
    CallState::Side& side = state_.side(direction_);
    if (ABSL_PREDICT_FALSE(side.HasNews())) side.TakeNews();
  }
  // Has not got the turn at once.
  void BeginSlowly(Gate::Turn turn);
  void TakeTurn();
  bool Suspend(const Op* op, MonotonicNanos until);
  void Park(const Op* op, MonotonicNanos deadline, const WaitReason& reason);
  void ParkUntil(const Op* op, MonotonicNanos deadline, Clock& clock,
                 MonotonicNanos until, const WaitReason& reason);
  // After the wait: takes the node back or learns who took it.
  bool Settle(CallState::Parked& parked);
  Outcome Check() const;
  Outcome CheckLimits() const;

  CallState& state_;
  const Direction direction_;
  Outcome outcome_ = Outcome::kGo;
  bool inside_ = false;
  Waiter& waiter_ = Waiter::Current();
  const char* const op_;
  const WaitReason* reason_ = nullptr;
  // Of a call that is not inside.
  std::shared_ptr<const CallNames> names_;
};

// The error of a Call that ended with `outcome` (not kGo).
absl::Status CallError(Call::Outcome outcome, ErrorInfo info);

// An ErrorInfo of `op` with `names`, which may be null.
ErrorInfo NamedInfo(absl::string_view op, const CallNames* names,
                    ErrorInfo info = ErrorInfo());

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_CALL_H_
