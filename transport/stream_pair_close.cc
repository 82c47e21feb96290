// How a stream in memory ends, and how its calls do.
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/scope.h"
#include "transport/stream_pair.h"

namespace plumb {

bool StreamPair::NotConnectedLocked(const End& me) const {
  return kind() == StreamKind::kTcp &&
         (me.was_reset || (me.sent_end && me.got_end));
}

// The end of what `me` sends.
void StreamPair::EndLocked(End& me, End& other) {
  if (std::exchange(me.sent_end, true)) return;
  if (kind() == StreamKind::kTcp && me.was_reset) return;
  me.ended_first = !me.got_end;
  if (link_ == nullptr) {
    other.got_end = true;
  } else {
    link_->SendEnd(side_of(me));
  }
}

absl::Status StreamPair::CloseWrite(int side) {
  End& me = ends_[side];
  if (!me.state.Enter()) return ClosedError(me.Info("close"));
  bool connected;
  Waiter* woken;
  {
    SystemMutexLock lock(&mutex_);
    connected = !NotConnectedLocked(me);
    if (connected) EndLocked(me, peer(side));
    woken = RouseLocked(peer(side));
  }
  RunLink();
  SignalRead(1 - side, woken);
  me.state.Signal(Direction::kWrite);
  return LeaveShutdown(me, connected);
}

absl::Status StreamPair::LeaveShutdown(End& me, bool connected) {
  absl::Status status;
  if (!connected) status = ErrnoError(me.Info("close"), "shutdown", ENOTCONN);
  me.state.Leave();
  return status;
}

absl::Status StreamPair::CloseRead(int side) {
  End& me = ends_[side];
  if (!me.state.Enter()) return ClosedError(me.Info("close"));
  bool connected;
  Waiter* woken;
  {
    SystemMutexLock lock(&mutex_);
    connected = !NotConnectedLocked(me);
    if (connected) me.stopped_read = true;
    woken = RouseLocked(me);
  }
  SignalRead(side, woken);
  peer(side).state.Signal(Direction::kWrite);
  return LeaveShutdown(me, connected);
}

absl::Status StreamPair::SetDeadline(int side, Direction direction,
                                     absl::Time when) {
  End& me = ends_[side];
  if (!me.state.Enter()) return ClosedError(me.SetInfo());
  const bool set = me.state.SetDeadline(direction, when);
  absl::Status status;
  if (!set) status = ClosedError(me.SetInfo());
  if (set && direction != Direction::kWrite) {
    Waiter* woken;
    {
      SystemMutexLock lock(&mutex_);
      me.in.Withdraw();
      woken = RouseLocked(me);
    }
    if (woken != nullptr) woken->Wake();
  }
  me.state.Leave();
  return status;
}

absl::Status StreamPair::Close(int side, StreamClose how, absl::Duration linger,
                               absl::FunctionRef<void()> release) {
  End& me = ends_[side];
  const std::shared_ptr<const CallNames> names = me.state.names();
  StreamSleeper* sleeper;
  {
    SystemMutexLock lock(&mutex_);
    me.closing = true;
    me.in.Withdraw();
    peer(side).in.TakeBack();
    sleeper = std::exchange(me.sleeper, nullptr);
    if (sleeper != nullptr) sleeper->state = StreamSleeper::kEnding;
  }
  const bool first = me.state.Close();
  if (sleeper != nullptr) sleeper->End(names);
  // The first closer may have freed this by the time that a second one returns.
  if (!first) return ClosedError(NamedInfo("close", names.get()));
  HandleMarks closed;
  Waiter* woken;
  std::shared_ptr<CallState> lingerer;
  {
    SystemMutexLock lock(&mutex_);
    CloseLocked(me, peer(side), how);
    woken = RouseLocked(peer(side));
    if (HandleMarks* const marks = MarksLocked(me)) std::swap(closed, *marks);
    lingerer = LingererLocked(1 - side);
  }
  RunLink();
  SignalRead(1 - side, woken);
  SignalWrite(1 - side, lingerer);
  if (linger > absl::ZeroDuration()) Linger(side, linger);
  release();
  me.state.Done();
  return absl::OkStatus();
}

// What is beyond the peer's receive buffer has not left this end's send buffer.
bool StreamPair::LingersLocked(const End& me, const End& other) {
  if (me.was_reset || me.sent_reset || other.was_reset) return false;
  if (!other.got_end) return true;
  return !other.closed &&
         other.in.size() + me.send_buffer > other.in.capacity();
}

// What ends calls ends no Close: it waits on a state of its own.
void StreamPair::Linger(int side, absl::Duration limit) {
  End& me = ends_[side];
  Clock& clock = me.state.clock();
  const MonotonicNanos until = clock.MonotonicAfter(limit);
  const auto waiting = std::make_shared<CallState>(clock, me.state.names());
  const auto still_lingers = [&](bool go_on) {
    SystemMutexLock lock(&mutex_);
    const bool waits = go_on && LingersLocked(me, peer(side));
    if (waits) {
      peer(side).writer_waits = true;
      RareLocked().lingerers[side] = waiting;
    } else if (rare_ != nullptr) {
      rare_->lingerers[side] = nullptr;
    }
    return waits;
  };
  const ShieldScope shield;
  Call call(*waiting, Direction::kWrite, "close");
  while (still_lingers(clock.MonotonicNow() < until)) call.WaitUntil(until);
}

void StreamPair::CloseLocked(End& me, End& other, StreamClose how) {
  const bool unread = kind() != StreamKind::kPipe && !me.in.empty();
  me.closed = true;
  me.in.Clear();
  if (!unread && how != StreamClose::kReset) {
    EndLocked(me, other);
    return;
  }
  me.sent_reset = true;
  const bool tcp = kind() == StreamKind::kTcp;
  if (tcp && (me.was_reset || (me.sent_end && me.got_end))) return;
  const int error = tcp && me.sent_end ? EPIPE : ECONNRESET;
  if (link_ != nullptr) {
    link_->SendReset(side_of(me), error);
    return;
  }
  ResetLocked(other, error);
}

}  // namespace plumb
