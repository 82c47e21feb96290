// The Reads and Writes of a stream in memory that need no Call.
//
// A Write for which there is room, and a Read, are done under one hold of the
// mutex; a Read that finds nothing leaves a StreamSleeper. They do not count
// themselves in: nothing of the pair is touched after the mutex. Whoever must
// wait for another, has a deadline, or has descriptors to do with makes a Call,
// and so does everybody when there is a link. No clock is asked under the
// mutex.
#include <memory>
#include <utility>

#include "absl/base/optimization.h"
#include "transport/gate.h"
#include "transport/park.h"
#include "transport/stream_pair.h"
#include "transport/waiter.h"

namespace plumb {

absl::StatusOr<size_t> StreamPair::ReadOrSleep(int side,
                                               absl::Span<char> buffer) {
  End& me = ends_[side];
  SystemMutex& mutex = mutex_;
  StreamSleeper sleeper(Waiter::Current(), buffer);
  ReadAtOnce(side, sleeper);
  // From here on the pair may be gone, if the sleeper is not counted in.
  if (sleeper.waits()) Sleep(me, sleeper, mutex);
  if (const size_t taken = sleeper.taken()) return taken;
  switch (sleeper.state.load(std::memory_order_acquire)) {
    case StreamSleeper::kClosed:
      return ClosedError(NamedInfo("read", sleeper.names.get()));
    case StreamSleeper::kRoused: {
      Call call(me.state, Direction::kRead, Call::HasTurn());
      return ReadInCall(side, call, buffer, nullptr);
    }
    case StreamSleeper::kCounted: {
      Call call(me.state, Direction::kRead);
      me.state.Leave();
      return ReadInCall(side, call, buffer, nullptr);
    }
    default: {
      Call call(me.state, Direction::kRead);
      return ReadInCall(side, call, buffer, nullptr);
    }
  }
}

void StreamPair::ReadAtOnce(int side, StreamSleeper& sleeper) {
  End& me = ends_[side];
  Waiter* woken = nullptr;
  {
    SystemMutexLock lock(&mutex_);
    if (me.sleeper != nullptr) {
      woken = RouseLocked(me);
    } else if (me.closing || rare_ != nullptr ||
               !me.state.MayGoAtOnce(Direction::kRead, sleeper.waiter)) {
      return;
    } else if (!me.in.empty()) {
      sleeper.taker.taken.store(me.in.Pop(sleeper.taker.room),
                                std::memory_order_relaxed);
      if (RoomForWriterLocked(me, peer(side))) {
        woken = peer(side).state.TakeSignalled(Direction::kWrite);
      }
    } else if (!ReadableLocked(me)) {
      sleeper.state.store(StreamSleeper::kWaiting, std::memory_order_relaxed);
      sleeper.pair_names = me.state.names().get();
      me.sleeper = &sleeper;
      me.in.Wait(&sleeper.taker);
      return;
    }
  }
  if (woken != nullptr) woken->Wake();
  if (sleeper.taken() > 0) sleeper.waiter.CountCall();
}

void StreamPair::Sleep(End& me, StreamSleeper& sleeper, SystemMutex& mutex) {
  const SleeperReason reason(sleeper, mutex);
  do {
    {
      const ParkLimits limits(sleeper.waiter);
      sleeper.waiter.Park(limits.deadline(), &reason);
    }
    if (ABSL_PREDICT_TRUE(!sleeper.waits())) return;
    if (CheckScopes(sleeper.waiter) == ScopeState::kGo) continue;
    SystemMutexLock lock(&mutex);
    if (sleeper.state == StreamSleeper::kWaiting && sleeper.taken() == 0) {
      RouseLocked(me);
    }
  } while (sleeper.waits());
}

void StreamPair::Rouse(End& me) {
  if (link_ != nullptr) return;
  Waiter* woken;
  {
    SystemMutexLock lock(&mutex_);
    woken = RouseLocked(me);
  }
  if (woken != nullptr) woken->Wake();
}

// Makes the sleeper go on as a Call; returns whom to wake.
Waiter* StreamPair::RouseLocked(End& me) {
  StreamSleeper* const sleeper = std::exchange(me.sleeper, nullptr);
  if (sleeper == nullptr) return nullptr;
  me.in.Withdraw();
  Waiter& waiter = sleeper->waiter;
  // It cannot be closed: Close takes the sleeper away first.
  const Gate::Turn turn = me.state.EnterFor(Direction::kRead);
  sleeper->state.store(turn == Gate::Turn::kTaken ? StreamSleeper::kRoused
                                                  : StreamSleeper::kCounted,
                       std::memory_order_release);
  return &waiter;
}

bool StreamPair::WriteAtOnce(int side,
                             absl::Span<const absl::string_view> pieces) {
  End& me = ends_[side];
  End& other = peer(side);
  Waiter& waiter = Waiter::Current();
  PieceCursor cursor(pieces);
  Waiter* woken;
  {
    SystemMutexLock lock(&mutex_);
    if (me.closing || me.sent_end || me.was_reset || other.closed ||
        other.stopped_read || cursor.remaining() > other.in.room() ||
        cursor.remaining() == 0 ||
        !me.state.MayGoAtOnce(Direction::kWrite, waiter)) {
      return false;
    }
    woken = PushLocked(other, cursor);
  }
  if (woken != nullptr) woken->Wake();
  waiter.CountCall();
  return true;
}

// There is at least one byte. Returns whom to wake.
Waiter* StreamPair::PushLocked(End& other, PieceCursor& cursor) {
  Waiter* woken = nullptr;
  if (other.sleeper != nullptr) {
    woken = &other.sleeper->waiter;
    // Its scopes stay as they are while it waits, and none has a deadline.
    if (ABSL_PREDICT_FALSE(CheckScopes(*woken) != ScopeState::kGo)) {
      RouseLocked(other);
    } else {
      other.sleeper = nullptr;
    }
  }
  // With bytes the sleeper may be gone.
  const size_t pushed = other.in.Push(cursor);
  if (woken == nullptr && pushed > 0) woken = NewsForReaderLocked(other);
  return woken;
}

Waiter* StreamPair::NewsForReaderLocked(End& end) {
  if (!std::exchange(end.reader_waits, false)) return nullptr;
  return end.state.TakeSignalled(Direction::kRead);
}

}  // namespace plumb
