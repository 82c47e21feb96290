#include "transport/call.h"

#include <algorithm>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "transport/held_mutex.h"
#include "transport/park.h"
#include "transport/wait_reason.h"

// How a waiting call and those who end its wait agree (one direction).
//
// The call publishes a Parked, which lives on its stack, in the slot by
// compare-and-swap from kNothing. Whoever has news exchanges the slot, and if a
// Parked comes out, has it alone: it writes the Parked's state, last of all,
// and wakes the Waiter. A call that comes back by itself (deadline, cancel,
// stray wake-up) first moves its own state from kWaiting to kReturning, and
// then takes the Parked out of the slot; when that fails somebody has it and
// will write.
//
// Close moves the state from kWaiting to kEnding by compare-and-swap, leaves
// the call a share in the names that its error says, writes kEnded, and leaves
// the Gate on its behalf: so a call that reads kEnded never touches the object
// again, and one that is kReturning may, because the Gate still counts it. A
// call whose Waiter sits in a system call on the descriptor always leaves by
// itself, and Close waits for it.

namespace plumb {
namespace {

constexpr void* kNothing = nullptr;

class CallReason : public WaitReason {
 public:
  CallReason(const char* op, Direction direction, const CallNames* names)
      : op_(op), direction_(direction), names_(names) {}

  std::string Describe() const override {
    const char* const standard =
        direction_ == Direction::kRead ? "read" : "write";
    return OpText(NamedInfo(op_ != nullptr ? op_ : standard, names_));
  }

 private:
  const char* const op_;
  const Direction direction_;
  const CallNames* const names_;
};

class TurnReason final : public WaitReason {
 public:
  explicit TurnReason(const WaitReason& call) : call_(call) {}

  std::string Describe() const override {
    return absl::StrCat(call_.Describe(), " (waits for its turn)");
  }

 private:
  const WaitReason& call_;
};

}  // namespace

struct CallState::Parked : CallReason {
  enum State : int {
    kWaiting,
    kReturning,  // the owner has come back by itself
    kSignalled,  // there was news
    kEnding,     // about to be kEnded
    kEnded,      // closed, and no longer inside
    kClosing,    // closed, and still inside
  };

  Parked(Call& c, Waiter& w, const CallReason& r, bool in_call)
      : CallReason(r), call(c), waiter(w), in_system_call(in_call) {}

  Call& call;
  Waiter& waiter;
  const bool in_system_call;
  std::atomic<int> state{kWaiting};
};

bool CallState::IsParked(const void* slot) {
  return slot != kNothing && slot != kNews && slot != kShut;
}

bool CallState::Close() {
  if (!gate_.Close()) return false;
  EndParked(Direction::kRead);
  EndParked(Direction::kWrite);
  gate_.AwaitEmpty();
  return true;
}

void CallState::EndParked(Direction direction) {
  void* const slot =
      side(direction).slot.exchange(kShut, std::memory_order_acq_rel);
  if (!IsParked(slot)) return;
  Parked& parked = *static_cast<Parked*>(slot);
  Waiter& waiter = parked.waiter;
  int expected = Parked::kWaiting;
  if (!parked.in_system_call &&
      parked.state.compare_exchange_strong(expected, Parked::kEnding,
                                           std::memory_order_acq_rel)) {
    parked.call.names_ = names_;
    parked.state.store(Parked::kEnded, std::memory_order_release);
    waiter.Wake();
    gate_.Leave(direction);
    return;
  }
  parked.state.store(Parked::kClosing, std::memory_order_release);
  waiter.Wake();
}

Waiter* CallState::TakeSignalled(Direction direction) {
  std::atomic<void*>& word = side(direction).slot;
  void* slot = word.load(std::memory_order_relaxed);
  do {
    if (slot == kShut) return nullptr;
    // A call that waits is told, and nothing is left for the next one.
  } while (!word.compare_exchange_weak(slot, IsParked(slot) ? kNothing : kNews,
                                       std::memory_order_acq_rel,
                                       std::memory_order_relaxed));
  if (!IsParked(slot)) return nullptr;
  Parked& parked = *static_cast<Parked*>(slot);
  Waiter& waiter = parked.waiter;
  parked.state.store(Parked::kSignalled, std::memory_order_release);
  return &waiter;
}

bool CallState::MayGoAtOnce(Direction direction, const Waiter& waiter) const {
  return !gate_.closed() && !gate_.IsTurnTaken(direction) &&
         !HasLimits(direction, waiter);
}

void CallState::MoveDeadline(Direction direction, MonotonicNanos when) {
  side(direction).deadline.store(when, std::memory_order_seq_cst);
  // A call that comes later sees it by itself.
  if (!gate_.IsTurnTaken(direction)) return;
  Signal(direction);
  gate_.WakeQueue(direction);
}

bool CallState::SetDeadline(Direction direction, absl::Time when) {
  // The clock is asked inside, where this cannot be destroyed.
  if (!gate_.Enter()) return false;
  MoveDeadlines(direction, clock_.ToMonotonic(when));
  gate_.Leave();
  return true;
}

bool CallState::SetDeadline(Direction direction, MonotonicNanos when) {
  if (!gate_.Enter()) return false;
  MoveDeadlines(direction, when);
  gate_.Leave();
  return true;
}

void CallState::MoveDeadlines(Direction direction, MonotonicNanos when) {
  if (direction != Direction::kWrite) MoveDeadline(Direction::kRead, when);
  if (direction != Direction::kRead) MoveDeadline(Direction::kWrite, when);
}

int CallState::Blocked(Direction direction) const {
  const void* const slot = side(direction).slot.load(std::memory_order_acquire);
  return gate_.QueueLength(direction) + (IsParked(slot) ? 1 : 0);
}

void Call::BeginSlowly(Gate::Turn turn) {
  if (turn == Gate::Turn::kQueued) {
    TakeTurn();
    if (inside_) ForgetNews();
  } else {
    names_ = state_.names_;
    outcome_ = Outcome::kClosed;
  }
}

void Call::TakeTurn() {
  // Read before the call is queued, after which the object may go away.
  names_ = state_.names_;
  Clock& clock = state_.clock_;
  const CallReason call(op_, direction_, names_.get());
  const TurnReason reason(call);
  Gate::Queued queued;
  Gate::Turn turn = state_.gate_.EnterOrQueue(direction_, queued);
  while (turn == Gate::Turn::kQueued) {
    MonotonicNanos deadline = kNever;
    const bool left = state_.gate_.LeaveQueueIf(queued, [&] {
      outcome_ = Check();
      deadline = state_.side(direction_).deadline.load();
      return outcome_ != Outcome::kGo;
    });
    turn = queued.turn();
    if (left && turn == Gate::Turn::kQueued) return;
    if (left) break;
    ParkLimits limits(waiter_);
    limits.Add(clock, deadline);
    waiter_.Park(limits.deadline(), &reason);
    turn = queued.turn();
  }
  inside_ = turn == Gate::Turn::kTaken;
  outcome_ = inside_ ? Check() : Outcome::kClosed;
}

Call::Outcome Call::Check() const {
  if (state_.gate_.closed()) return Outcome::kClosed;
  if (ABSL_PREDICT_TRUE(!state_.HasLimits(direction_, waiter_))) {
    return Outcome::kGo;
  }
  return CheckLimits();
}

// Apart: it asks clocks, and most calls have no limits.
Call::Outcome Call::CheckLimits() const {
  const ScopeState scopes = CheckScopes(waiter_);
  if (scopes == ScopeState::kCancelled) return Outcome::kCancelled;
  const std::atomic<MonotonicNanos>& deadline =
      state_.side(direction_).deadline;
  MonotonicNanos when = deadline.load(std::memory_order_acquire);
  while (when != kNever && state_.clock_.HasPassed(when)) {
    // It counts only if it was still there when it had passed.
    const MonotonicNanos before = when;
    when = deadline.load(std::memory_order_acquire);
    if (when == before) return Outcome::kTimeout;
  }
  return scopes == ScopeState::kTimeout ? Outcome::kScopeTimeout : Outcome::kGo;
}

bool Call::Suspend(const Op* op, MonotonicNanos until) {
  if (!ok()) return false;
  std::atomic<void*>& slot = state_.side(direction_).slot;
  // Read before the call is published, after which the object may go away; the
  // names stay, since Close leaves the call a share in them. A deadline that
  // moves in between is news, and keeps it from being published.
  const MonotonicNanos deadline = state_.side(direction_).deadline.load();
  Clock& clock = state_.clock_;
  CallState::Parked parked(*this, waiter_,
                           CallReason(op_, direction_, state_.names_.get()),
                           op != nullptr && waiter_.ParksInSystemCall());
  const WaitReason& reason = reason_ != nullptr ? *reason_ : parked;
  void* expected = kNothing;
  if (!slot.compare_exchange_strong(expected, &parked,
                                    std::memory_order_acq_rel)) {
    if (expected == CallState::kNews) state_.side(direction_).TakeNews();
    outcome_ = Check();
    return ok();
  }
  if (ABSL_PREDICT_TRUE(deadline == kNever && until == kNever &&
                        !waiter_.scopes_may_end())) {
    ReportHeldMutex(waiter_);
    Park(op, kNever, reason);
  } else {
    ParkUntil(op, deadline, clock, until, reason);
  }
  return Settle(parked);
}

inline void Call::Park(const Op* op, MonotonicNanos deadline,
                       const WaitReason& reason) {
  if (op != nullptr) {
    waiter_.ParkOn(*op, deadline, &reason);
  } else {
    waiter_.Park(deadline, &reason);
  }
}

// Apart: what it needs would double what stays on the stack of one who waits.
ABSL_ATTRIBUTE_NOINLINE void Call::ParkUntil(const Op* op,
                                             MonotonicNanos deadline,
                                             Clock& clock, MonotonicNanos until,
                                             const WaitReason& reason) {
  ParkLimits limits(waiter_);
  limits.Add(clock, deadline);
  limits.Add(clock, until);
  Park(op, limits.deadline(), reason);
}

bool Call::Settle(CallState::Parked& parked) {
  using Parked = CallState::Parked;
  int now = parked.state.load(std::memory_order_acquire);
  if (now == Parked::kWaiting &&
      parked.state.compare_exchange_strong(now, Parked::kReturning,
                                           std::memory_order_acq_rel)) {
    void* expected = &parked;
    if (state_.side(direction_)
            .slot.compare_exchange_strong(expected, kNothing,
                                          std::memory_order_acq_rel)) {
      outcome_ = Check();
      return ok();
    }
    now = Parked::kReturning;
  }
  while (now == Parked::kReturning || now == Parked::kEnding) {
    waiter_.Park(kNever, nullptr);
    now = parked.state.load(std::memory_order_acquire);
  }
  if (now == Parked::kEnded) {
    inside_ = false;
    outcome_ = Outcome::kClosed;
    return false;
  }
  outcome_ = Check();
  return ok();
}

bool Call::Recheck() {
  if (ok()) outcome_ = Check();
  return ok();
}

bool Call::Wait() { return Suspend(nullptr, kNever); }

bool Call::WaitUntil(MonotonicNanos until) { return Suspend(nullptr, until); }

bool Call::WaitFor(const Op& op) { return Suspend(&op, kNever); }

bool Call::WaitFor(const Op& op, MonotonicNanos until) {
  return Suspend(&op, until);
}

bool Call::Pause(absl::Duration duration) {
  if (!ok()) return false;
  const MonotonicNanos until =
      state_.clock_.MonotonicNow() + absl::ToInt64Nanoseconds(duration);
  while (ok() && !state_.clock_.HasPassed(until)) {
    Suspend(nullptr, until);
  }
  return ok();
}

}  // namespace plumb
