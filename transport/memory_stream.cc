#include "transport/memory_stream.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "transport/byte_queue.h"
#include "transport/call.h"
#include "transport/error.h"

// One mutex guards both directions, since a reset concerns both. A call takes
// it once for each try. Nobody is signalled under it.
//
// A Read that waits leaves its buffer with its queue, and a Write of a
// rendezvous its pieces. Both take them back under the mutex before they
// return, whatever ended them; they hold the Stream for that, for the Conn may
// be gone. Close and SetDeadline take a waiting buffer away, so that nothing is
// put into it that comes after them.

namespace plumb {
namespace {

// What came of one try.
struct Attempt {
  enum Kind { kBlocked, kDone, kEnd, kError, kShut };
  Kind kind = kBlocked;
  size_t size = 0;  // of kDone
  int error = 0;    // of kError
};

Attempt Done(size_t size) { return {Attempt::kDone, size, 0}; }
Attempt Failed(int error) { return {Attempt::kError, 0, error}; }

}  // namespace

class StreamEnd::Stream : public std::enable_shared_from_this<Stream> {
 public:
  struct End {
    End(const StreamEndOptions& options, const StreamEndOptions& other,
        Clock& clock)
        : state(clock, options.names),
          in(options.receive_buffer + other.send_buffer),
          send_buffer(options.send_buffer),
          receive_buffer(options.receive_buffer) {}

    ErrorInfo Info(absl::string_view op) const {
      return NamedInfo(op, state.names().get());
    }

    // As Go has it: this end alone.
    ErrorInfo SetInfo() const {
      ErrorInfo info = Info("set");
      info.addr = std::exchange(info.source, Addr());
      return info;
    }

    CallState state;

    // The rest is guarded by mutex_.
    ByteQueue in;               // what can be read here
    bool reader_waits = false;  // for `in` to be not empty
    bool writer_waits = false;  // for room in `in`; the peer's
    bool closed = false;
    bool sent_end = false;      // no more comes from here; the peer knows
    bool stopped_read = false;  // CloseRead
    bool was_reset = false;     // by the peer
    int error = 0;              // to be told once
    size_t send_buffer;
    size_t receive_buffer;
  };

  explicit Stream(const MemoryStreamOptions& options)
      : kind_(options.kind),
        ends_{{{options.ends[0], options.ends[1], *options.clock},
               {options.ends[1], options.ends[0], *options.clock}}} {}

  absl::StatusOr<size_t> Read(int side, absl::Span<char> buffer);
  absl::Status Write(int side, absl::Span<const absl::string_view> pieces);
  absl::Status WaitReadable(int side);
  absl::Status CloseWrite(int side);
  absl::Status CloseRead(int side);
  absl::Status SetDeadline(int side, Direction direction, absl::Time when);
  absl::Status Close(int side, How how, absl::FunctionRef<void()> release);
  // Sets one buffer of `side`, which has room for what is read at `reader`.
  absl::Status SetBuffer(int side, int reader, size_t End::*buffer,
                         size_t bytes);

  CallState& state(int side) { return ends_[side].state; }

 private:
  End& peer(int side) { return ends_[1 - side]; }

  Attempt TryRead(int side, ByteQueue::Taker& taker);
  Attempt ReadLocked(End& me, const End& other, absl::Span<char> buffer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ReadableLocked(const End& me, const End& other) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool RoomForWriterLocked(End& me) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Attempt GiveUpRead(int side, ByteQueue::Taker& taker);

  Attempt TryWrite(int side, PieceCursor& cursor);
  Attempt WriteLocked(End& me, End& other, PieceCursor& cursor)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Attempt GiveUpWrite(int side, PieceCursor& cursor);

  void CloseLocked(End& me, End& other, How how)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NotConnectedLocked(const End& me) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const StreamKind kind_;
  absl::Mutex mutex_;
  std::array<End, 2> ends_;
};

absl::StatusOr<size_t> StreamEnd::Stream::Read(int side,
                                               absl::Span<char> buffer) {
  End& me = ends_[side];
  if (buffer.empty()) {
    if (me.state.closed()) return ClosedError(me.Info("read"));
    return size_t{0};
  }
  std::shared_ptr<Stream> keep;
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
    if (attempt.kind == Attempt::kBlocked) attempt = GiveUpRead(side, taker);
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

Attempt StreamEnd::Stream::TryRead(int side, ByteQueue::Taker& taker) {
  End& me = ends_[side];
  Attempt attempt;
  bool wake = false;
  {
    absl::MutexLock lock(&mutex_);
    if (taker.taken > 0) return Done(taker.taken);
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

Attempt StreamEnd::Stream::ReadLocked(End& me, const End& other,
                                      absl::Span<char> buffer) {
  if (!me.in.empty()) return Done(me.in.Pop(buffer));
  if (!ReadableLocked(me, other)) return Attempt();
  // On tcp what comes after the end of the stream is not looked at.
  const bool ended = kind_ == StreamKind::kTcp && other.sent_end;
  if (me.error != 0 && !ended) return Failed(std::exchange(me.error, 0));
  return {Attempt::kEnd, 0, 0};
}

bool StreamEnd::Stream::ReadableLocked(const End& me, const End& other) const {
  return !me.in.empty() || me.error != 0 || me.was_reset || other.sent_end ||
         me.stopped_read;
}

// Whether the writer to `me` is to be woken. Not for every byte: it would come
// back for each.
bool StreamEnd::Stream::RoomForWriterLocked(End& me) {
  if (!me.writer_waits) return false;
  const size_t capacity = me.in.capacity();
  const size_t enough = std::max<size_t>(capacity / 4, 1);
  const bool room =
      capacity == 0 ? me.in.empty() : me.in.size() + enough <= capacity;
  if (room) me.writer_waits = false;
  return room;
}

Attempt StreamEnd::Stream::GiveUpRead(int side, ByteQueue::Taker& taker) {
  absl::MutexLock lock(&mutex_);
  ends_[side].in.Withdraw();
  return taker.taken > 0 ? Done(taker.taken) : Attempt();
}

absl::Status StreamEnd::Stream::WaitReadable(int side) {
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

absl::Status StreamEnd::Stream::Write(
    int side, absl::Span<const absl::string_view> pieces) {
  End& me = ends_[side];
  PieceCursor cursor(pieces);
  std::shared_ptr<Stream> keep;
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

Attempt StreamEnd::Stream::TryWrite(int side, PieceCursor& cursor) {
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

Attempt StreamEnd::Stream::WriteLocked(End& me, End& other,
                                       PieceCursor& cursor) {
  const bool tcp = kind_ == StreamKind::kTcp;
  if (cursor.remaining() == 0) return Done(0);
  if (me.sent_end) return {Attempt::kShut, 0, 0};
  if (me.was_reset) {
    const int error = tcp ? std::exchange(me.error, 0) : 0;
    return Failed(error != 0 ? error : EPIPE);
  }
  if (other.closed && tcp) {
    // It goes out, and what comes back is a reset: tcp(7) learns so.
    cursor.SkipAll();
    me.was_reset = true;
    return Done(0);
  }
  if (other.closed || (other.stopped_read && !tcp)) return Failed(EPIPE);
  other.in.Push(cursor);
  if (cursor.remaining() == 0) return Done(0);
  if (other.in.capacity() == 0) other.in.Lend(&cursor);
  return Attempt();
}

Attempt StreamEnd::Stream::GiveUpWrite(int side, PieceCursor& cursor) {
  absl::MutexLock lock(&mutex_);
  peer(side).in.TakeBack();
  return cursor.remaining() == 0 ? Done(0) : Attempt();
}

bool StreamEnd::Stream::NotConnectedLocked(const End& me) const {
  const End& other = ends_[&me == &ends_[0] ? 1 : 0];
  return kind_ == StreamKind::kTcp &&
         (me.was_reset || (me.sent_end && other.sent_end));
}

absl::Status StreamEnd::Stream::CloseWrite(int side) {
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
  me.state.Leave();
  if (connected) return absl::OkStatus();
  return ErrnoError(me.Info("close"), "shutdown", ENOTCONN);
}

absl::Status StreamEnd::Stream::CloseRead(int side) {
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
  me.state.Leave();
  if (connected) return absl::OkStatus();
  return ErrnoError(me.Info("close"), "shutdown", ENOTCONN);
}

absl::Status StreamEnd::Stream::SetDeadline(int side, Direction direction,
                                            absl::Time when) {
  End& me = ends_[side];
  if (!me.state.SetDeadline(direction, when)) {
    return ClosedError(me.SetInfo());
  }
  if (direction != Direction::kWrite) {
    absl::MutexLock lock(&mutex_);
    me.in.Withdraw();
  }
  return absl::OkStatus();
}

absl::Status StreamEnd::Stream::Close(int side, How how,
                                      absl::FunctionRef<void()> release) {
  End& me = ends_[side];
  if (!me.state.Close()) return ClosedError(me.Info("close"));
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

void StreamEnd::Stream::CloseLocked(End& me, End& other, How how) {
  const bool unread = kind_ != StreamKind::kPipe && !me.in.empty();
  const bool both_ended = me.sent_end && other.sent_end;
  me.closed = true;
  me.in.Clear();
  other.in.TakeBack();
  if (unread || how == How::kReset) {
    if (kind_ == StreamKind::kTcp && both_ended) return;
    other.was_reset = true;
    const bool ended = kind_ == StreamKind::kTcp && me.sent_end;
    other.error = ended ? EPIPE : ECONNRESET;
    return;
  }
  me.sent_end = true;
}

absl::Status StreamEnd::Stream::SetBuffer(int side, int reader,
                                          size_t End::*buffer, size_t bytes) {
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

StreamEnd::StreamEnd(std::shared_ptr<Stream> stream, int side)
    : stream_(std::move(stream)), side_(side) {}

absl::StatusOr<size_t> StreamEnd::Read(absl::Span<char> buffer) {
  return stream_->Read(side_, buffer);
}

absl::Status StreamEnd::Write(absl::Span<const absl::string_view> pieces) {
  return stream_->Write(side_, pieces);
}

absl::Status StreamEnd::WaitReadable() { return stream_->WaitReadable(side_); }

absl::Status StreamEnd::CloseWrite() { return stream_->CloseWrite(side_); }

absl::Status StreamEnd::CloseRead() { return stream_->CloseRead(side_); }

absl::Status StreamEnd::SetDeadline(Direction direction, absl::Time when) {
  return stream_->SetDeadline(side_, direction, when);
}

absl::Status StreamEnd::Close(How how, absl::FunctionRef<void()> release) {
  return stream_->Close(side_, how, release);
}

absl::Status StreamEnd::SetSendBuffer(size_t bytes) {
  return stream_->SetBuffer(side_, 1 - side_, &Stream::End::send_buffer, bytes);
}

absl::Status StreamEnd::SetReceiveBuffer(size_t bytes) {
  return stream_->SetBuffer(side_, side_, &Stream::End::receive_buffer, bytes);
}

int StreamEnd::BlockedCalls(Direction direction) const {
  const CallState& state = stream_->state(side_);
  if (direction != Direction::kBoth) return state.Blocked(direction);
  return state.Blocked(Direction::kRead) + state.Blocked(Direction::kWrite);
}

const CallNames& StreamEnd::names() const {
  return *stream_->state(side_).names();
}

CallState& StreamEnd::state() { return stream_->state(side_); }

std::pair<StreamEnd, StreamEnd> MakeMemoryStream(MemoryStreamOptions options) {
  auto stream = std::make_shared<StreamEnd::Stream>(options);
  return {StreamEnd(stream, 0), StreamEnd(stream, 1)};
}

}  // namespace plumb
