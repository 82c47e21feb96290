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
// Most Reads and Writes need none of it (stream_pair_at_once.cc).
//
// With a link each end knows of the other what has arrived; without, at once.
//
// Descriptors do not go through a link: their marks are with the receiver from
// the first, and wait there for the bytes. What has marks goes through the
// queue, and never straight into a buffer.

namespace plumb {

absl::StatusOr<size_t> StreamPair::Read(int side, absl::Span<char> buffer,
                                        std::vector<Descriptor>* handles) {
  End& me = ends_[side];
  if (buffer.empty()) {
    if (me.state.closed()) return ClosedError(me.Info("read"));
    return size_t{0};
  }
  if (link_ == nullptr && handles == nullptr) return ReadOrSleep(side, buffer);
  Rouse(me);
  Call call(me.state, Direction::kRead);
  return ReadInCall(side, call, buffer, handles);
}

absl::StatusOr<size_t> StreamPair::ReadInCall(
    int side, Call& call, absl::Span<char> buffer,
    std::vector<Descriptor>* handles) {
  End& me = ends_[side];
  if (!call.ok()) return call.Error("read");
  ByteQueue::Taker taker;
  taker.room = buffer;
  Attempt attempt = TryRead(side, taker, handles);
  while (attempt.kind == Attempt::kBlocked && call.Wait()) {
    const size_t taken = taker.taken.load(std::memory_order_acquire);
    attempt = taken > 0 ? Attempt::Done(taken) : TryRead(side, taker, handles);
  }
  if (attempt.kind != Attempt::kBlocked) return ReadResult(me, attempt);
  if (call.inside()) GiveUpRead(side, taker);
  return call.Error("read");
}

absl::StatusOr<size_t> StreamPair::Peek(int side, absl::Span<char> buffer) {
  End& me = ends_[side];
  if (buffer.empty()) return Read(side, buffer);
  Rouse(me);
  Call call(me.state, Direction::kRead);
  const Attempt attempt =
      AwaitData(me, call, [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return PeekLocked(me, buffer);
      });
  return call.ok() ? ReadResult(me, attempt) : call.Error("read");
}

absl::Status StreamPair::WaitReadable(int side) {
  End& me = ends_[side];
  Rouse(me);
  Call call(me.state, Direction::kRead);
  AwaitData(me, call, [&me] {
    return ReadableLocked(me) ? Attempt::Done(0) : Attempt();
  });
  return call.ok() ? absl::OkStatus() : call.Error("read");
}

StreamPair::Attempt StreamPair::AwaitData(End& me, Call& call,
                                          absl::FunctionRef<Attempt()> look) {
  Attempt attempt;
  while (call.ok()) {
    Waiter* woken;
    {
      SystemMutexLock lock(&mutex_);
      woken = RouseLocked(me);
      attempt = look();
      if (attempt.kind == Attempt::kBlocked) me.reader_waits = true;
    }
    if (woken != nullptr) woken->Wake();
    if (attempt.kind != Attempt::kBlocked) break;
    call.Wait();
  }
  return attempt;
}

absl::StatusOr<size_t> StreamPair::ReadResult(const End& me,
                                              const Attempt& attempt) {
  if (attempt.kind == Attempt::kDone) return attempt.size;
  if (attempt.kind == Attempt::kEnd) return EofError();
  return ReadError(me, attempt.error);
}

absl::Status StreamPair::ReadError(const End& me, int error) {
  ErrorInfo info = me.Info("read");
  {
    SystemMutexLock lock(&mutex_);
    info.injected_by = RuleLocked();
  }
  return ErrnoError(std::move(info), "read", error);
}

StreamPair::Attempt StreamPair::TryRead(int side, ByteQueue::Taker& taker,
                                        std::vector<Descriptor>* handles) {
  End& me = ends_[side];
  Attempt attempt;
  bool wake = false;
  Waiter* woken = nullptr;
  std::shared_ptr<CallState> lingerer;
  std::vector<Descriptor> closed;
  {
    SystemMutexLock lock(&mutex_);
    const size_t taken = taker.taken.load(std::memory_order_relaxed);
    if (taken > 0) return Attempt::Done(taken);
    // One who began to sleep before this took its turn.
    woken = RouseLocked(me);
    attempt =
        ReadLocked(me, taker.room, handles != nullptr ? handles : &closed);
    if (attempt.kind == Attempt::kBlocked) {
      me.reader_waits = true;
      if (!me.closing) me.in.Wait(&taker);
    } else {
      me.in.Withdraw();
      wake = RoomForWriterLocked(me, peer(side));
      if (wake) lingerer = LingererLocked(1 - side);
    }
  }
  if (woken != nullptr) woken->Wake();
  if (wake) SignalWrite(1 - side, lingerer);
  return attempt;
}

StreamPair::Attempt StreamPair::ReadLocked(End& me, absl::Span<char> buffer,
                                           std::vector<Descriptor>* handles) {
  if (me.in.empty()) return EndOrErrorLocked(me);
  HandleMarks* const marks = MarksLocked(me);
  if (marks == nullptr) return Attempt::Done(me.in.Pop(buffer));
  const size_t size = me.in.Pop(buffer.subspan(0, marks->Limit(buffer.size())));
  *handles = marks->Take(size);
  return Attempt::Done(size);
}

StreamPair::Attempt StreamPair::PeekLocked(End& me, absl::Span<char> buffer) {
  if (me.in.empty()) return EndOrErrorLocked(me);
  const HandleMarks* const marks = MarksLocked(me);
  if (marks != nullptr) {
    buffer = buffer.subspan(0, marks->Limit(buffer.size()));
  }
  return Attempt::Done(me.in.Peek(buffer));
}

StreamPair::Attempt StreamPair::EndOrErrorLocked(End& me) {
  if (!ReadableLocked(me)) return Attempt();
  // On tcp what comes after the end of the stream is not looked at.
  const bool ended = kind() == StreamKind::kTcp && me.got_end;
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
  if (LingererLocked(side_of(other)) != nullptr) {
    return !LingersLocked(other, me);
  }
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
    if (HandleMarks* const marks = MarksLocked(me)) marks->PutBack(taken);
  }
}

absl::Status StreamPair::Write(int side,
                               absl::Span<const absl::string_view> pieces,
                               std::vector<Descriptor>* handles) {
  if (link_ == nullptr && handles == nullptr && WriteAtOnce(side, pieces)) {
    return absl::OkStatus();
  }
  End& me = ends_[side];
  Outgoing out{PieceCursor(pieces), handles};
  Call call(me.state, Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  Attempt attempt = TryWrite(side, out);
  while (attempt.kind == Attempt::kBlocked && call.Wait()) {
    attempt = TryWrite(side, out);
  }
  if (attempt.kind == Attempt::kBlocked) {
    if (call.inside()) GiveUpWrite(side);
    if (out.cursor.remaining() == 0) attempt = Attempt::Done(0);
  }
  if (attempt.kind == Attempt::kDone) return absl::OkStatus();
  ErrorInfo info;
  info.bytes_done = out.cursor.done();
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

StreamPair::Attempt StreamPair::TryWrite(int side, Outgoing& out) {
  End& other = peer(side);
  Attempt attempt;
  std::shared_ptr<CallState> lingerer;
  {
    SystemMutexLock lock(&mutex_);
    other.in.TakeBack();
    out.woken = nullptr;
    attempt = WriteLocked(ends_[side], other, out);
    if (attempt.kind == Attempt::kBlocked) other.writer_waits = true;
    lingerer = LingererLocked(1 - side);
  }
  if (lingerer != nullptr) lingerer->Signal(Direction::kWrite);
  if (out.woken != nullptr) out.woken->Wake();
  RunLink();
  return attempt;
}

StreamPair::Attempt StreamPair::WriteLocked(End& me, End& other,
                                            Outgoing& out) {
  PieceCursor& cursor = out.cursor;
  const bool tcp = kind() == StreamKind::kTcp;
  const bool nothing = cursor.remaining() == 0;
  if (nothing && (cursor.done() > 0 || kind() == StreamKind::kPipe)) {
    return Attempt::Done(0);
  }
  if (me.sent_end) return {Attempt::kShut, 0, 0};
  if (nothing) return Attempt::Done(0);
  if (me.was_reset) {
    const int error = tcp ? std::exchange(me.error, 0) : 0;
    return Attempt::Failed(error != 0 ? error : EPIPE);
  }
  if (tcp && link_ == nullptr && RefusesDataLocked(other)) {
    // It goes out, and what comes back is a reset: tcp(7) learns so.
    cursor.SkipAll();
    me.was_reset = true;
    if (!other.closed) ResetLocked(other, ECONNRESET);
    return Attempt::Done(0);
  }
  if (!tcp && (other.closed || other.stopped_read))
    return Attempt::Failed(EPIPE);
  if (out.handles == nullptr || out.handles->empty()) {
    SendLocked(me, other, out);
  } else {
    SendMarkedLocked(me, other, out);
  }
  if (cursor.remaining() == 0) return Attempt::Done(0);
  if (other.in.capacity() == 0 && !me.closing) {
    other.in.Lend(&cursor);
    if (out.woken == nullptr) out.woken = NewsForReaderLocked(other);
  }
  return Attempt();
}

// Both of its directions have ended: tcp(7) answers data with a reset.
bool StreamPair::RefusesDataLocked(const End& end) {
  return end.closed || (end.sent_end && end.stopped_read);
}

void StreamPair::ResetLocked(End& end, int error) {
  end.was_reset = true;
  end.error = error;
}

void StreamPair::SendLocked(End& me, End& other, Outgoing& out) {
  PieceCursor& cursor = out.cursor;
  if (link_ == nullptr) {
    out.woken = PushLocked(other, cursor);
    return;
  }
  const size_t size = std::min(RoomLocked(other, me), cursor.remaining());
  if (size == 0) return;
  std::string data(size, '\0');
  cursor.CopyTo(&data[0], size);
  me.in_flight += size;
  link_->SendData(side_of(me), std::move(data));
}

void StreamPair::SendMarkedLocked(End& me, End& other, Outgoing& out) {
  Waiter* const roused = RouseLocked(other);
  other.in.Withdraw();
  const size_t ahead = other.in.size() + me.in_flight;
  const size_t before = out.cursor.done();
  SendLocked(me, other, out);
  if (roused != nullptr) out.woken = roused;
  const size_t sent = out.cursor.done() - before;
  if (sent == 0) return;
  RareLocked().marks[side_of(other)].Add(ahead, sent,
                                         std::exchange(*out.handles, {}));
}

void StreamPair::GiveUpWrite(int side) {
  SystemMutexLock lock(&mutex_);
  peer(side).in.TakeBack();
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
  std::shared_ptr<CallState> lingerer;
  {
    SystemMutexLock lock(&mutex_);
    me.in.set_capacity(bytes + peer(side).send_buffer);
    lingerer = LingererLocked(1 - side);
  }
  SignalWrite(1 - side, lingerer);
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

}  // namespace plumb
