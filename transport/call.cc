#include "transport/call.h"

#include <algorithm>
#include <utility>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
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
// Close moves the state from kWaiting to kEnding by compare-and-swap, puts into
// the Parked what the call's error says, writes kEnded, and leaves the Gate on
// the call's behalf: so a call that reads kEnded never touches the object
// again, and one that is kReturning may, because the Gate still counts it. A
// call whose Waiter sits in a system call on the descriptor always leaves by
// itself, and Close waits for it.

namespace plumb {
namespace {

constexpr void* kNothing = nullptr;

// The two marks that a slot may hold instead of a Parked.
char news_mark, shut_mark;
constexpr void* kNews = &news_mark;
constexpr void* kShut = &shut_mark;

// What has come out of a slot.
bool IsParked(const void* slot) {
  return slot != kNothing && slot != kNews && slot != kShut;
}

// Lives while the call waits.
class CallReason final : public WaitReason {
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

// Whether a scope of the waiter's owner has ended or has a deadline.
bool MayScopesEnd(const Waiter& waiter) {
  for (const Scope* scope = waiter.scope(); scope != nullptr;
       scope = scope->outer()) {
    if (scope->cancelled() || scope->deadline() != kNever) return true;
  }
  return false;
}

// Apart: it asks clocks, and most calls have no limits.
ABSL_ATTRIBUTE_NOINLINE Call::Outcome LookAtLimits(
    const Waiter& waiter, const Clock& clock,
    const std::atomic<MonotonicNanos>& deadline) {
  const ScopeState scopes = CheckScopes(waiter);
  if (scopes == ScopeState::kCancelled) return Call::Outcome::kCancelled;
  MonotonicNanos when = deadline.load(std::memory_order_acquire);
  while (when != kNever && clock.HasPassed(when)) {
    // It counts only if it was still there when it had passed.
    const MonotonicNanos before = when;
    when = deadline.load(std::memory_order_acquire);
    if (when == before) return Call::Outcome::kTimeout;
  }
  return scopes == ScopeState::kTimeout ? Call::Outcome::kScopeTimeout
                                        : Call::Outcome::kGo;
}

}  // namespace

struct CallState::Parked {
  enum State : int {
    kWaiting,
    kReturning,  // the owner has come back by itself
    kSignalled,  // there was news
    kEnding,     // about to be kEnded
    kEnded,      // closed, and no longer inside
    kClosing,    // closed, and still inside
  };

  Parked(Waiter& w, bool in_call) : waiter(w), in_system_call(in_call) {}

  Waiter& waiter;
  const bool in_system_call;
  std::atomic<int> state{kWaiting};
  std::shared_ptr<const CallNames> names;  // of kEnded
};

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
    parked.names = names_;
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
         !MayScopesEnd(waiter) &&
         side(direction).deadline.load(std::memory_order_acquire) == kNever;
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

Call::Call(CallState& state, Direction direction, const char* op)
    : state_(state),
      clock_(state.clock_),
      direction_(direction),
      waiter_(Waiter::Current()),
      op_(op) {
  waiter_.CountCall();
  switch (state_.gate_.TryEnter(direction)) {
    case Gate::Turn::kTaken:
      inside_ = true;
      outcome_ = Check();
      break;
    case Gate::Turn::kClosed:
      names_ = state_.names_;
      outcome_ = Outcome::kClosed;
      break;
    case Gate::Turn::kQueued:
      TakeTurn();
      break;
  }
  if (!inside_) return;
  // Whatever was news before this call's first try, the try will see.
  std::atomic<void*>& slot = state_.side(direction_).slot;
  void* news = kNews;
  if (slot.load(std::memory_order_relaxed) == kNews) {
    slot.compare_exchange_strong(news, kNothing, std::memory_order_acq_rel);
  }
}

Call::Call(CallState& state, Direction direction, HasTurn)
    : state_(state),
      clock_(state.clock_),
      direction_(direction),
      waiter_(Waiter::Current()),
      op_(nullptr),
      inside_(true) {
  outcome_ = Check();
}

Call::~Call() {
  if (inside_) state_.gate_.Leave(direction_);
}

void Call::TakeTurn() {
  names_ = state_.names_;
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
    limits.Add(clock_, deadline);
    waiter_.Park(limits.deadline(), &reason);
    turn = queued.turn();
  }
  inside_ = turn == Gate::Turn::kTaken;
  outcome_ = inside_ ? Check() : Outcome::kClosed;
}

Call::Outcome Call::Check() const {
  if (state_.gate_.closed()) return Outcome::kClosed;
  const std::atomic<MonotonicNanos>& deadline =
      state_.side(direction_).deadline;
  if (ABSL_PREDICT_TRUE(!MayScopesEnd(waiter_) &&
                        deadline.load(std::memory_order_acquire) == kNever)) {
    return Outcome::kGo;
  }
  return LookAtLimits(waiter_, clock_, deadline);
}

bool Call::Suspend(const Op* op, MonotonicNanos until) {
  if (!ok()) return false;
  std::atomic<void*>& slot = state_.side(direction_).slot;
  // Read before the call is published, after which the object may go away; the
  // names stay, since Close leaves a share in them with the Parked. A
  // deadline that moves in between is news, and keeps it from being published.
  const MonotonicNanos deadline = state_.side(direction_).deadline.load();
  const CallNames* const names = state_.names_.get();
  CallState::Parked parked(waiter_,
                           op != nullptr && waiter_.ParksInSystemCall());
  void* expected = kNothing;
  if (!slot.compare_exchange_strong(expected, &parked,
                                    std::memory_order_acq_rel)) {
    expected = kNews;
    slot.compare_exchange_strong(expected, kNothing, std::memory_order_acq_rel);
    outcome_ = Check();
    return ok();
  }
  {
    ParkLimits limits(waiter_);
    limits.Add(clock_, deadline);
    limits.Add(clock_, until);
    const CallReason own(op_, direction_, names);
    const WaitReason* const reason = reason_ != nullptr ? reason_ : &own;
    if (op != nullptr) {
      waiter_.ParkOn(*op, limits.deadline(), reason);
    } else {
      waiter_.Park(limits.deadline(), reason);
    }
  }
  return Settle(parked);
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
    names_ = std::move(parked.names);
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

bool Call::Run(Op& op) {
  while (ok()) {
    if (op.Attempt()) return true;
    WaitFor(op);
  }
  return false;
}

bool Call::RunAfterWait(Op& op) {
  if (waiter_.MayWaitFirst(op)) WaitFor(op);
  return Run(op);
}

bool Call::Pause(absl::Duration duration) {
  const MonotonicNanos until =
      clock_.MonotonicNow() + absl::ToInt64Nanoseconds(duration);
  while (ok() && !clock_.HasPassed(until)) {
    Suspend(nullptr, until);
  }
  return ok();
}

}  // namespace plumb
