#include "transport/stream_pair.h"

#include <algorithm>
#include <cerrno>
#include <utility>

// One mutex guards both directions, since a reset concerns both. A call takes
// it once for each try. Nobody is signalled under it.
//
// A Read that waits leaves its buffer with its queue, and a Write of a
// rendezvous its pieces. Both take them back under the mutex before they
// return, whatever ended them; they hold the pair for that, for the Conn may
// be gone. Close and SetDeadline take a waiting buffer away, so that nothing is
// put into it that comes after them.

namespace plumb {

absl::StatusOr<size_t> StreamPair::Read(int side, absl::Span<char> buffer) {
  End& me = ends_[side];
  if (buffer.empty()) {
    if (me.state.closed()) return ClosedError(me.Info("read"));
    return size_t{0};
  }
  std::shared_ptr<StreamPair> keep;
  Call call(me.state, Direction::kRead);
  if (!call.ok()) return call.Error("read");
  ByteQueue::Taker taker;
  taker.room = buffer;
  Attempt attempt = TryRead(side, taker);
  if (attempt.kind == Attempt::kBlocked) {
    keep = shared_from_this();
    while (attempt.kind == Attempt::kBlocked && call.Wait()) {
      attempt = TryRead(side, taker);
    }
    if (attempt.kind == Attempt::kBlocked) GiveUpRead(side, taker);
  }
  switch (attempt.kind) {
    case Attempt::kDone:
      return attempt.size;
    case Attempt::kEnd:
      return EofError(me.Info("read"));
    case Attempt::kError:
      return ErrnoError(me.Info("read"), "read", attempt.error);
    default:
      return call.Error("read");
  }
}

StreamPair::Attempt StreamPair::TryRead(int side, ByteQueue::Taker& taker) {
  End& me = ends_[side];
  Attempt attempt;
  bool wake = false;
  {
    absl::MutexLock lock(&mutex_);
    if (taker.taken > 0) return Attempt::Done(taker.taken);
    attempt = ReadLocked(me, peer(side), taker.room);
    if (attempt.kind == Attempt::kBlocked) {
      me.reader_waits = true;
      me.in.Wait(&taker);
    } else {
      me.in.Withdraw();
      wake = RoomForWriterLocked(me);
    }
  }
  if (wake) peer(side).state.Signal(Direction::kWrite);
  return attempt;
}

StreamPair::Attempt StreamPair::ReadLocked(End& me, const End& other,
                                           absl::Span<char> buffer) {
  if (!me.in.empty()) return Attempt::Done(me.in.Pop(buffer));
  if (!ReadableLocked(me, other)) return Attempt();
  // On tcp what comes after the end of the stream is not looked at.
  const bool ended = kind_ == StreamKind::kTcp && other.sent_end;
  if (me.error != 0 && !ended)
    return Attempt::Failed(std::exchange(me.error, 0));
  return {Attempt::kEnd, 0, 0};
}

bool StreamPair::ReadableLocked(const End& me, const End& other) const {
  return !me.in.empty() || me.error != 0 || me.was_reset || other.sent_end ||
         me.stopped_read;
}

// Whether the writer to `me` is to be woken. Not for every byte: it would come
// back for each.
bool StreamPair::RoomForWriterLocked(End& me) {
  if (!me.writer_waits) return false;
  const size_t capacity = me.in.capacity();
  const size_t enough = std::max<size_t>(capacity / 4, 1);
  const bool room =
      capacity == 0 ? me.in.empty() : me.in.size() + enough <= capacity;
  if (room) me.writer_waits = false;
  return room;
}

// What came after the end of the wait is for the next Read: this one consumes
// nothing.
void StreamPair::GiveUpRead(int side, const ByteQueue::Taker& taker) {
  End& me = ends_[side];
  absl::MutexLock lock(&mutex_);
  me.in.Withdraw();
  if (taker.taken > 0 && !me.closed) {
    me.in.PutBack(absl::string_view(taker.room.data(), taker.taken));
  }
}

absl::Status StreamPair::WaitReadable(int side) {
  End& me = ends_[side];
  Call call(me.state, Direction::kRead);
  while (call.ok()) {
    {
      absl::MutexLock lock(&mutex_);
      if (ReadableLocked(me, peer(side))) return absl::OkStatus();
      me.reader_waits = true;
    }
    call.Wait();
  }
  return call.Error("read");
}

absl::Status StreamPair::Write(int side,
                               absl::Span<const absl::string_view> pieces) {
  End& me = ends_[side];
  PieceCursor cursor(pieces);
  std::shared_ptr<StreamPair> keep;
  Call call(me.state, Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  if (cursor.remaining() == 0) return absl::OkStatus();
  Attempt attempt = TryWrite(side, cursor);
  if (attempt.kind == Attempt::kBlocked) {
    keep = shared_from_this();
    while (attempt.kind == Attempt::kBlocked && call.Wait()) {
      attempt = TryWrite(side, cursor);
    }
    if (attempt.kind == Attempt::kBlocked) attempt = GiveUpWrite(side, cursor);
  }
  if (attempt.kind == Attempt::kDone) return absl::OkStatus();
  ErrorInfo info;
  info.bytes_done = cursor.done();
  if (attempt.kind == Attempt::kBlocked) {
    return call.Error("write", std::move(info));
  }
  info = NamedInfo("write", me.state.names().get(), std::move(info));
  if (attempt.kind == Attempt::kError) {
    return ErrnoError(std::move(info), "write", attempt.error);
  }
  // The same words, but it is the caller's own doing.
  info.syscall = "write";
  info.errno_value = EPIPE;
  return OpError(absl::StatusCode::kFailedPrecondition, std::move(info),
                 "write: broken pipe");
}

StreamPair::Attempt StreamPair::TryWrite(int side, PieceCursor& cursor) {
  End& other = peer(side);
  Attempt attempt;
  bool wake = false;
  {
    absl::MutexLock lock(&mutex_);
    other.in.TakeBack();
    const size_t before = cursor.remaining();
    attempt = WriteLocked(ends_[side], other, cursor);
    if (attempt.kind == Attempt::kBlocked) other.writer_waits = true;
    const bool news = cursor.remaining() < before || !other.in.empty();
    if (news) wake = std::exchange(other.reader_waits, false);
  }
  if (wake) other.state.Signal(Direction::kRead);
  return attempt;
}

StreamPair::Attempt StreamPair::WriteLocked(End& me, End& other,
                                            PieceCursor& cursor) {
  const bool tcp = kind_ == StreamKind::kTcp;
  if (cursor.remaining() == 0) return Attempt::Done(0);
  if (me.sent_end) return {Attempt::kShut, 0, 0};
  if (me.was_reset) {
    const int error = tcp ? std::exchange(me.error, 0) : 0;
    return Attempt::Failed(error != 0 ? error : EPIPE);
  }
  if (other.closed && tcp) {
    // It goes out, and what comes back is a reset: tcp(7) learns so.
    cursor.SkipAll();
    me.was_reset = true;
    return Attempt::Done(0);
  }
  if (other.closed || (other.stopped_read && !tcp))
    return Attempt::Failed(EPIPE);
  other.in.Push(cursor);
  if (cursor.remaining() == 0) return Attempt::Done(0);
  if (other.in.capacity() == 0) other.in.Lend(&cursor);
  return Attempt();
}

StreamPair::Attempt StreamPair::GiveUpWrite(int side, PieceCursor& cursor) {
  absl::MutexLock lock(&mutex_);
  peer(side).in.TakeBack();
  return cursor.remaining() == 0 ? Attempt::Done(0) : Attempt();
}

bool StreamPair::NotConnectedLocked(const End& me) const {
  const End& other = ends_[&me == &ends_[0] ? 1 : 0];
  return kind_ == StreamKind::kTcp &&
         (me.was_reset || (me.sent_end && other.sent_end));
}

absl::Status StreamPair::CloseWrite(int side) {
  End& me = ends_[side];
  if (!me.state.Enter()) return ClosedError(me.Info("close"));
  bool connected;
  {
    absl::MutexLock lock(&mutex_);
    connected = !NotConnectedLocked(me);
    if (connected) me.sent_end = true;
  }
  peer(side).state.Signal(Direction::kRead);
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
  {
    absl::MutexLock lock(&mutex_);
    connected = !NotConnectedLocked(me);
    if (connected) me.stopped_read = true;
  }
  me.state.Signal(Direction::kRead);
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
    absl::MutexLock lock(&mutex_);
    me.in.Withdraw();
  }
  me.state.Leave();
  return status;
}

absl::Status StreamPair::Close(int side, StreamClose how,
                               absl::FunctionRef<void()> release) {
  End& me = ends_[side];
  const std::shared_ptr<const CallNames> names = me.state.names();
  // The first closer may have freed this by the time that a second one returns.
  if (!me.state.Close()) return ClosedError(NamedInfo("close", names.get()));
  {
    absl::MutexLock lock(&mutex_);
    CloseLocked(me, peer(side), how);
  }
  peer(side).state.Signal(Direction::kRead);
  peer(side).state.Signal(Direction::kWrite);
  release();
  me.state.Done();
  return absl::OkStatus();
}

void StreamPair::CloseLocked(End& me, End& other, StreamClose how) {
  const bool unread = kind_ != StreamKind::kPipe && !me.in.empty();
  const bool both_ended = me.sent_end && other.sent_end;
  me.closed = true;
  me.in.Clear();
  other.in.TakeBack();
  if (unread || how == StreamClose::kReset) {
    if (kind_ == StreamKind::kTcp && both_ended) return;
    other.was_reset = true;
    const bool ended = kind_ == StreamKind::kTcp && me.sent_end;
    other.error = ended ? EPIPE : ECONNRESET;
    return;
  }
  me.sent_end = true;
}

absl::Status StreamPair::SetBuffer(int side, int reader, size_t End::*buffer,
                                   size_t bytes) {
  End& me = ends_[side];
  if (!me.state.Enter()) return ClosedError(me.SetInfo());
  {
    absl::MutexLock lock(&mutex_);
    me.*buffer = bytes;
    ends_[reader].in.set_capacity(ends_[reader].receive_buffer +
                                  peer(reader).send_buffer);
  }
  peer(reader).state.Signal(Direction::kWrite);
  me.state.Leave();
  return absl::OkStatus();
}

}  // namespace plumb
