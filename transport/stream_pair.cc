#include "transport/stream_pair.h"

#include <algorithm>
#include <cerrno>
#include <utility>

// One mutex guards both directions, since a reset concerns both. A call takes
// it once for each try. Nobody is signalled under it.
//
// A Read that waits leaves its buffer with its queue, and a Write of a
// rendezvous its pieces. A buffer that was filled is out of the queue, so that
// its reader looks at it without the mutex; otherwise both are taken back under
// it before the call returns. Close takes them back itself before it ends the
// calls, which do not touch the pair afterwards; SetDeadline takes a waiting
// buffer away, so that nothing is put into it that comes after.
//
// With a link each end knows of the other what has arrived; without, at once.

namespace plumb {

absl::StatusOr<size_t> StreamPair::Read(int side, absl::Span<char> buffer) {
  End& me = ends_[side];
  if (buffer.empty()) {
    if (me.state.closed()) return ClosedError(me.Info("read"));
    return size_t{0};
  }
  Call call(me.state, Direction::kRead);
  if (!call.ok()) return call.Error("read");
  ByteQueue::Taker taker;
  taker.room = buffer;
  Attempt attempt = TryRead(side, taker);
  while (attempt.kind == Attempt::kBlocked && call.Wait()) {
    const size_t taken = taker.taken.load(std::memory_order_acquire);
    attempt = taken > 0 ? Attempt::Done(taken) : TryRead(side, taker);
  }
  switch (attempt.kind) {
    case Attempt::kDone:
      return attempt.size;
    case Attempt::kEnd:
      return EofError(me.Info("read"));
    case Attempt::kError:
      return ReadError(me, attempt.error);
    default:
      if (call.inside()) GiveUpRead(side, taker);
      return call.Error("read");
  }
}

absl::Status StreamPair::ReadError(const End& me, int error) {
  ErrorInfo info = me.Info("read");
  {
    SystemMutexLock lock(&mutex_);
    info.injected_by = RuleLocked();
  }
  return ErrnoError(std::move(info), "read", error);
}

StreamPair::Attempt StreamPair::TryRead(int side, ByteQueue::Taker& taker) {
  End& me = ends_[side];
  Attempt attempt;
  bool wake = false;
  {
    SystemMutexLock lock(&mutex_);
    const size_t taken = taker.taken.load(std::memory_order_relaxed);
    if (taken > 0) return Attempt::Done(taken);
    attempt = ReadLocked(me, taker.room);
    if (attempt.kind == Attempt::kBlocked) {
      me.reader_waits = true;
      if (!me.closing) me.in.Wait(&taker);
    } else {
      me.in.Withdraw();
      wake = RoomForWriterLocked(me, peer(side));
    }
  }
  if (wake) peer(side).state.Signal(Direction::kWrite);
  return attempt;
}

StreamPair::Attempt StreamPair::ReadLocked(End& me, absl::Span<char> buffer) {
  if (!me.in.empty()) return Attempt::Done(me.in.Pop(buffer));
  if (!ReadableLocked(me)) return Attempt();
  // On tcp what comes after the end of the stream is not looked at.
  const bool ended = kind_ == StreamKind::kTcp && me.got_end;
  if (me.error != 0 && !ended)
    return Attempt::Failed(std::exchange(me.error, 0));
  return {Attempt::kEnd, 0, 0};
}

bool StreamPair::ReadableLocked(const End& me) {
  return !me.in.empty() || me.error != 0 || me.was_reset || me.got_end ||
         me.stopped_read;
}

size_t StreamPair::RoomLocked(const End& me, const End& other) {
  const size_t used = me.in.size() + other.in_flight;
  return used < me.in.capacity() ? me.in.capacity() - used : 0;
}

// Whether the writer to `me` is to be woken. Not for every byte: it would come
// back for each.
bool StreamPair::RoomForWriterLocked(End& me, const End& other) {
  if (!me.writer_waits) return false;
  const size_t capacity = me.in.capacity();
  const bool room = capacity == 0 ? me.in.empty()
                                  : RoomLocked(me, other) >=
                                        std::max<size_t>(capacity / 4, 1);
  if (room) me.writer_waits = false;
  return room;
}

// What came after the end of the wait is for the next Read: this one consumes
// nothing.
void StreamPair::GiveUpRead(int side, const ByteQueue::Taker& taker) {
  End& me = ends_[side];
  SystemMutexLock lock(&mutex_);
  me.in.Withdraw();
  const size_t taken = taker.taken.load(std::memory_order_relaxed);
  if (taken > 0 && !me.closed) {
    me.in.PutBack(absl::string_view(taker.room.data(), taken));
  }
}

absl::Status StreamPair::WaitReadable(int side) {
  End& me = ends_[side];
  Call call(me.state, Direction::kRead);
  while (call.ok()) {
    {
      SystemMutexLock lock(&mutex_);
      if (ReadableLocked(me)) return absl::OkStatus();
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
  Call call(me.state, Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  if (cursor.remaining() == 0) return absl::OkStatus();
  Attempt attempt = TryWrite(side, cursor);
  while (attempt.kind == Attempt::kBlocked && call.Wait()) {
    attempt = TryWrite(side, cursor);
  }
  if (attempt.kind == Attempt::kBlocked) {
    if (call.inside()) GiveUpWrite(side);
    if (cursor.remaining() == 0) attempt = Attempt::Done(0);
  }
  if (attempt.kind == Attempt::kDone) return absl::OkStatus();
  ErrorInfo info;
  info.bytes_done = cursor.done();
  if (attempt.kind == Attempt::kBlocked) {
    return call.Error("write", std::move(info));
  }
  info = NamedInfo("write", me.state.names().get(), std::move(info));
  if (attempt.kind == Attempt::kError) {
    {
      SystemMutexLock lock(&mutex_);
      info.injected_by = RuleLocked();
    }
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
    SystemMutexLock lock(&mutex_);
    other.in.TakeBack();
    const size_t before = cursor.remaining();
    attempt = WriteLocked(ends_[side], other, cursor);
    if (attempt.kind == Attempt::kBlocked) other.writer_waits = true;
    const bool news = cursor.remaining() < before || !other.in.empty();
    if (news && link_ == nullptr) {
      wake = std::exchange(other.reader_waits, false);
    }
  }
  if (wake) other.state.Signal(Direction::kRead);
  RunLink();
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
  if (other.closed && tcp && link_ == nullptr) {
    // It goes out, and what comes back is a reset: tcp(7) learns so.
    cursor.SkipAll();
    me.was_reset = true;
    return Attempt::Done(0);
  }
  if (!tcp && (other.closed || other.stopped_read))
    return Attempt::Failed(EPIPE);
  SendLocked(me, other, cursor);
  if (cursor.remaining() == 0) return Attempt::Done(0);
  if (other.in.capacity() == 0 && !me.closing) other.in.Lend(&cursor);
  return Attempt();
}

void StreamPair::SendLocked(End& me, End& other, PieceCursor& cursor) {
  if (link_ == nullptr) {
    other.in.Push(cursor);
    return;
  }
  const size_t size = std::min(RoomLocked(other, me), cursor.remaining());
  if (size == 0) return;
  std::string data(size, '\0');
  cursor.CopyTo(&data[0], size);
  me.in_flight += size;
  link_->SendData(side_of(me), std::move(data));
}

void StreamPair::GiveUpWrite(int side) {
  SystemMutexLock lock(&mutex_);
  peer(side).in.TakeBack();
}

bool StreamPair::NotConnectedLocked(const End& me) const {
  return kind_ == StreamKind::kTcp &&
         (me.was_reset || (me.sent_end && me.got_end));
}

// The end of what `me` sends.
void StreamPair::EndLocked(End& me, End& other) {
  if (std::exchange(me.sent_end, true)) return;
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
  {
    SystemMutexLock lock(&mutex_);
    connected = !NotConnectedLocked(me);
    if (connected) EndLocked(me, peer(side));
  }
  RunLink();
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
    SystemMutexLock lock(&mutex_);
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
    SystemMutexLock lock(&mutex_);
    me.in.Withdraw();
  }
  me.state.Leave();
  return status;
}

absl::Status StreamPair::Close(int side, StreamClose how,
                               absl::FunctionRef<void()> release) {
  End& me = ends_[side];
  const std::shared_ptr<const CallNames> names = me.state.names();
  {
    SystemMutexLock lock(&mutex_);
    me.closing = true;
    me.in.Withdraw();
    peer(side).in.TakeBack();
  }
  // The first closer may have freed this by the time that a second one returns.
  if (!me.state.Close()) return ClosedError(NamedInfo("close", names.get()));
  {
    SystemMutexLock lock(&mutex_);
    CloseLocked(me, peer(side), how);
  }
  RunLink();
  peer(side).state.Signal(Direction::kRead);
  peer(side).state.Signal(Direction::kWrite);
  release();
  me.state.Done();
  return absl::OkStatus();
}

void StreamPair::CloseLocked(End& me, End& other, StreamClose how) {
  const bool unread = kind_ != StreamKind::kPipe && !me.in.empty();
  me.closed = true;
  me.in.Clear();
  if (!unread && how != StreamClose::kReset) {
    EndLocked(me, other);
    return;
  }
  const bool tcp = kind_ == StreamKind::kTcp;
  if (tcp && (me.was_reset || (me.sent_end && me.got_end))) return;
  const int error = tcp && me.sent_end ? EPIPE : ECONNRESET;
  if (link_ != nullptr) {
    link_->SendReset(side_of(me), error);
    return;
  }
  other.was_reset = true;
  other.error = error;
}

absl::Status StreamPair::SetSendBuffer(int side, size_t bytes) {
  End& me = ends_[side];
  if (!me.state.Enter()) return ClosedError(me.SetInfo());
  {
    SystemMutexLock lock(&mutex_);
    ByteQueue& out = peer(side).in;
    out.set_capacity(out.capacity() - std::exchange(me.send_buffer, bytes) +
                     bytes);
  }
  me.state.Signal(Direction::kWrite);
  me.state.Leave();
  return absl::OkStatus();
}

absl::Status StreamPair::SetReceiveBuffer(int side, size_t bytes) {
  End& me = ends_[side];
  if (!me.state.Enter()) return ClosedError(me.SetInfo());
  {
    SystemMutexLock lock(&mutex_);
    me.in.set_capacity(bytes + peer(side).send_buffer);
  }
  peer(side).state.Signal(Direction::kWrite);
  me.state.Leave();
  return absl::OkStatus();
}

SystemMutex& StreamPair::MutexFor(const StreamPair* pair) {
  struct alignas(64) Line {
    SystemMutex mutex;
  };
  static constexpr int kLines = 256;
  static Line* const lines = new Line[kLines];
  // Fibonacci hashing: the low bits of addresses are all alike.
  const uint64_t hash =
      reinterpret_cast<uintptr_t>(pair) * uint64_t{0x9e3779b97f4a7c15};
  return lines[hash >> 56].mutex;
}

void StreamPair::LandData(int side, absl::string_view data) {
  End& me = ends_[side];
  bool wake = false;
  bool room = false;
  {
    SystemMutexLock lock(&mutex_);
    peer(side).in_flight -= data.size();
    if (me.closed) {
      // tcp(7): who writes to a closed end learns so from a reset.
      if (kind_ == StreamKind::kTcp) link_->SendReset(side, 0);
    } else {
      me.in.Append(data);
      wake = std::exchange(me.reader_waits, false);
    }
    // What went straight to a reader leaves room.
    room = RoomForWriterLocked(me, peer(side));
  }
  if (wake) me.state.Signal(Direction::kRead);
  if (room) peer(side).state.Signal(Direction::kWrite);
}

void StreamPair::LandEnd(int side) {
  {
    SystemMutexLock lock(&mutex_);
    ends_[side].got_end = true;
  }
  SignalBoth(side);
}

void StreamPair::LandReset(int side, int error, absl::string_view rule) {
  {
    SystemMutexLock lock(&mutex_);
    End& me = ends_[side];
    if (me.was_reset) return;
    me.was_reset = true;
    me.error = error;
    if (!rule.empty()) rule_ = std::make_unique<const std::string>(rule);
  }
  SignalBoth(side);
}

void StreamPair::SignalBoth(int side) {
  ends_[side].state.Signal(Direction::kRead);
  ends_[side].state.Signal(Direction::kWrite);
}

size_t StreamPair::Room(int side) {
  SystemMutexLock lock(&mutex_);
  return RoomLocked(ends_[side], peer(side));
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
  status.was_reset = me.was_reset;
  return status;
}

}  // namespace plumb
