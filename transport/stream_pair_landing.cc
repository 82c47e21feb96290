// What arrives at an end of a stream in memory, and what can be seen there.
#include <cerrno>
#include <utility>

#include "transport/stream_pair.h"

namespace plumb {

void StreamPair::LandData(int side, absl::string_view data) {
  End& me = ends_[side];
  bool wake = false;
  bool room = false;
  std::vector<Descriptor> lost;
  {
    SystemMutexLock lock(&mutex_);
    peer(side).in_flight -= data.size();
    if (me.was_reset || (kind() == StreamKind::kTcp && RefusesDataLocked(me))) {
      lost = RefuseDataLocked(me);
      wake = true;
    } else if (!me.closed) {
      const HandleMarks* const marks = MarksLocked(me);
      if (marks != nullptr && !marks->empty()) me.in.Withdraw();
      me.in.Append(data);
      wake = std::exchange(me.reader_waits, false);
    }
    // What went straight to a reader leaves room.
    room = RoomForWriterLocked(me, peer(side));
  }
  if (wake) me.state.Signal(Direction::kRead);
  if (room) SignalWrite(1 - side);
}

// Returns the descriptors that came along.
std::vector<Descriptor> StreamPair::RefuseDataLocked(End& me) {
  // Who writes to an end that is gone learns so from a reset.
  if (kind() == StreamKind::kTcp) {
    link_->SendReset(side_of(me), me.sent_end ? 0 : ECONNRESET);
  }
  if (!me.closed && !me.was_reset) ResetLocked(me, ECONNRESET);
  return CutMarksLocked(me);
}

void StreamPair::LandEnd(int side) {
  bool lingers;
  {
    SystemMutexLock lock(&mutex_);
    // After a reset nothing comes, and an end would hide it.
    if (!ends_[side].was_reset) ends_[side].got_end = true;
    lingers = peer(side).lingers;
  }
  SignalBoth(side);
  if (lingers) SignalWrite(1 - side);
}

void StreamPair::LandReset(int side, int error, absl::string_view rule) {
  std::vector<Descriptor> lost;
  bool lingers;
  {
    SystemMutexLock lock(&mutex_);
    End& me = ends_[side];
    if (me.was_reset) return;
    ResetLocked(me, error);
    lingers = peer(side).lingers;
    if (!rule.empty()) RareLocked().rule = std::string(rule);
    lost = CutMarksLocked(me);
  }
  SignalBoth(side);
  if (lingers) SignalWrite(1 - side);
}

std::vector<Descriptor> StreamPair::CutMarksLocked(End& me) {
  HandleMarks* const marks = MarksLocked(me);
  if (marks == nullptr) return {};
  return marks->CutAfter(me.in.size());
}

void StreamPair::SignalRead(int side, Waiter* woken) {
  if (woken != nullptr) woken->Wake();
  ends_[side].state.Signal(Direction::kRead);
}

void StreamPair::SignalBoth(int side) {
  ends_[side].state.Signal(Direction::kRead);
  SignalWrite(side);
}

void StreamPair::SignalWrite(int side) {
  ends_[side].state.Signal(Direction::kWrite);
  std::shared_ptr<CallState> lingers;
  {
    SystemMutexLock lock(&mutex_);
    if (rare_ != nullptr) lingers = rare_->lingers[side];
  }
  if (lingers != nullptr) lingers->Signal(Direction::kWrite);
}

size_t StreamPair::Room(int side) {
  SystemMutexLock lock(&mutex_);
  return RoomLocked(ends_[side], peer(side));
}

int StreamPair::Blocked(int side, Direction direction) {
  const End& me = ends_[side];
  const int calls = me.state.Blocked(direction);
  if (direction == Direction::kWrite) return calls;
  SystemMutexLock lock(&mutex_);
  return me.sleeper != nullptr ? calls + 1 : calls;
}

StreamStatus StreamPair::Status(int side) {
  SystemMutexLock lock(&mutex_);
  const End& me = ends_[side];
  StreamStatus status;
  status.unread = me.in.size();
  status.in_flight = me.in_flight;
  status.readable = ReadableLocked(me);
  status.sent_end = me.sent_end;
  status.got_end = me.got_end;
  status.ended_first = me.ended_first;
  status.was_reset = me.was_reset;
  status.sent_reset = me.sent_reset;
  return status;
}

}  // namespace plumb
