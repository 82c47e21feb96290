// What arrives at an end of a stream in memory, and what can be seen there.
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "transport/stream_pair.h"

namespace plumb {

void StreamPair::LandData(int side, absl::string_view data) {
  End& me = ends_[side];
  bool wake = false;
  bool room = false;
  std::shared_ptr<CallState> lingerer;
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
    if (room) lingerer = LingererLocked(1 - side);
  }
  if (wake) me.state.Signal(Direction::kRead);
  if (room) SignalWrite(1 - side, lingerer);
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
  std::shared_ptr<CallState> lingerer;
  {
    SystemMutexLock lock(&mutex_);
    // After a reset nothing comes, and an end would hide it.
    if (!ends_[side].was_reset) ends_[side].got_end = true;
    lingerer = LingererLocked(1 - side);
  }
  SignalBoth(side);
  if (lingerer != nullptr) lingerer->Signal(Direction::kWrite);
}

void StreamPair::LandReset(int side, int error, absl::string_view rule) {
  std::vector<Descriptor> lost;
  std::array<std::shared_ptr<CallState>, 2> lingerers;
  {
    SystemMutexLock lock(&mutex_);
    End& me = ends_[side];
    if (me.was_reset) return;
    ResetLocked(me, error);
    lingerers = {LingererLocked(0), LingererLocked(1)};
    if (!rule.empty()) RareLocked().rule = std::string(rule);
    lost = CutMarksLocked(me);
  }
  SignalBoth(side);
  for (const auto& lingerer : lingerers) {
    if (lingerer != nullptr) lingerer->Signal(Direction::kWrite);
  }
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
  ends_[side].state.Signal(Direction::kWrite);
}

void StreamPair::SignalWrite(int side,
                             const std::shared_ptr<CallState>& lingerer) {
  ends_[side].state.Signal(Direction::kWrite);
  if (lingerer != nullptr) lingerer->Signal(Direction::kWrite);
}

size_t StreamPair::Window(int side) {
  SystemMutexLock lock(&mutex_);
  const ByteQueue& in = ends_[side].in;
  return in.size() < in.capacity() ? in.capacity() - in.size() : 0;
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
  status.end_arrived = ends_[1 - side].got_end;
  status.got_end = me.got_end;
  status.ended_first = me.ended_first;
  status.was_reset = me.was_reset;
  status.sent_reset = me.sent_reset;
  return status;
}

}  // namespace plumb
