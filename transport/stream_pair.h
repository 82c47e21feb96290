// What the two ends of a stream in memory share; memory_stream.h is for users.
//
// Threads: any method at any time, by who has a StreamEnd.
#ifndef PLUMB_TRANSPORT_STREAM_PAIR_H_
#define PLUMB_TRANSPORT_STREAM_PAIR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/byte_queue.h"
#include "transport/call.h"
#include "transport/descriptor.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/handle_marks.h"
#include "transport/memory_stream_options.h"
#include "transport/stream_link.h"
#include "transport/stream_pair_end.h"
#include "transport/stream_sleeper.h"
#include "transport/system_mutex.h"
#include "transport/waiter.h"

namespace plumb {

// The pair itself; its methods are those of StreamEnd, for the end `side`.
class StreamPair final : public StreamReceiver {
 public:
  using End = StreamPairEnd;

  explicit StreamPair(const MemoryStreamOptions& options)
      : link_(options.link),
        mutex_(MutexFor(this)),
        ends_{{{options, 0}, {options, 1}}} {}

  // `handles`, unless it is null, is as StreamEnd has it; otherwise those that
  // come along are closed.
  absl::StatusOr<size_t> Read(int side, absl::Span<char> buffer,
                              std::vector<Descriptor>* handles = nullptr);
  absl::StatusOr<size_t> Peek(int side, absl::Span<char> buffer);
  absl::Status Write(int side, absl::Span<const absl::string_view> pieces,
                     std::vector<Descriptor>* handles = nullptr);
  absl::Status WaitReadable(int side);
  absl::Status CloseWrite(int side);
  absl::Status CloseRead(int side);
  absl::Status SetDeadline(int side, Direction direction, absl::Time when);
  absl::Status Close(int side, StreamClose how, absl::Duration linger,
                     absl::FunctionRef<void()> release);
  absl::Status SetSendBuffer(int side, size_t bytes);
  absl::Status SetReceiveBuffer(int side, size_t bytes);

  void LandData(int side, absl::string_view data) override;
  void LandEnd(int side) override;
  void LandReset(int side, int error, absl::string_view rule) override;
  size_t Window(int side) override;
  StreamStatus Status(int side);

  CallState& state(int side) { return ends_[side].state; }
  int Blocked(int side, Direction direction);

 private:
  // What came of one try.
  struct Attempt {
    enum Kind { kBlocked, kDone, kEnd, kError, kShut };
    Kind kind = kBlocked;
    size_t size = 0;  // of kDone
    int error = 0;    // of kError

    static Attempt Done(size_t size) { return {kDone, size, 0}; }
    static Attempt Failed(int error) { return {kError, 0, error}; }
  };

  // What a Write is to send.
  struct Outgoing {
    PieceCursor cursor;
    std::vector<Descriptor>* handles;
    Waiter* woken = nullptr;  // the reader who has got some
  };

  StreamKind kind() const { return ends_[0].kind; }

  // One of a table that all pairs share: it takes no room in an idle one.
  static SystemMutex& MutexFor(const StreamPair* pair);

  // What few streams have, so that others have no room for it.
  struct Rare {
    std::string rule;                  // who injected the reset
    std::array<HandleMarks, 2> marks;  // of what each side receives
    std::array<std::shared_ptr<CallState>, 2> lingerers;  // whose Close waits
  };

  Rare& RareLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
    return *rare_;
  }
  std::string RuleLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return rare_ != nullptr ? rare_->rule : std::string();
  }
  // Null when no handle has ever gone that way.
  HandleMarks* MarksLocked(const End& to)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return rare_ != nullptr ? &rare_->marks[side_of(to)] : nullptr;
  }
  // What the Close of this side waits on that lingers, or null.
  std::shared_ptr<CallState> LingererLocked(int side) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return rare_ != nullptr ? rare_->lingerers[side] : nullptr;
  }
  // Of what `me` receives, those that have not arrived: they never do.
  std::vector<Descriptor> CutMarksLocked(End& me)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  End& peer(int side) { return ends_[1 - side]; }

  // Of who waits without a Call (stream_pair_at_once.cc).
  absl::StatusOr<size_t> ReadOrSleep(int side, absl::Span<char> buffer);
  void ReadAtOnce(int side, StreamSleeper& sleeper);
  static void Sleep(End& me, StreamSleeper& sleeper, SystemMutex& mutex);
  void Rouse(End& me);
  static Waiter* RouseLocked(End& me);
  bool WriteAtOnce(int side, absl::Span<const absl::string_view> pieces);
  static Waiter* PushLocked(End& other, PieceCursor& cursor);
  static Waiter* NewsForReaderLocked(End& end);

  absl::StatusOr<size_t> ReadInCall(int side, Call& call,
                                    absl::Span<char> buffer,
                                    std::vector<Descriptor>* handles);
  Attempt TryRead(int side, ByteQueue::Taker& taker,
                  std::vector<Descriptor>* handles);
  Attempt ReadLocked(End& me, absl::Span<char> buffer,
                     std::vector<Descriptor>* handles)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Looks with the mutex until there is something, while the call goes on.
  Attempt AwaitData(End& me, Call& call, absl::FunctionRef<Attempt()> look);
  Attempt PeekLocked(End& me, absl::Span<char> buffer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What there is instead of data.
  Attempt EndOrErrorLocked(End& me) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<size_t> ReadResult(const End& me, const Attempt& attempt);
  static bool ReadableLocked(const End& me);
  // What more may come to `me`, from `other`.
  static size_t RoomLocked(const End& me, const End& other);
  bool RoomForWriterLocked(End& me, const End& other)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveUpRead(int side, const ByteQueue::Taker& taker);
  absl::Status ReadError(const End& me, int error);

  Attempt TryWrite(int side, Outgoing& out);
  Attempt WriteLocked(End& me, End& other, Outgoing& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static bool RefusesDataLocked(const End& end);
  static void ResetLocked(End& end, int error);
  std::vector<Descriptor> RefuseDataLocked(End& me)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendLocked(End& me, End& other, Outgoing& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void SendMarkedLocked(End& me, End& other, Outgoing& out)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveUpWrite(int side);

  void EndLocked(End& me, End& other) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseLocked(End& me, End& other, StreamClose how)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Suspends until the peer has taken what was sent; `limit` at most.
  void Linger(int side, absl::Duration limit);
  static bool LingersLocked(const End& me, const End& other);
  // Lets go what was sent through a link. Without the lock.
  void RunLink() {
    if (link_ != nullptr) link_->Run();
  }
  // Tells those who wait at `side` to look again; `woken` slept there, or null.
  void SignalRead(int side, Waiter* woken);
  void SignalBoth(int side);
  // The same for those who write, and `lingerer`, which may be null.
  void SignalWrite(int side, const std::shared_ptr<CallState>& lingerer);
  int side_of(const End& end) const { return &end == &ends_[0] ? 0 : 1; }
  // Ends a CloseWrite or CloseRead.
  absl::Status LeaveShutdown(End& me, bool connected);
  bool NotConnectedLocked(const End& me) const;

  const std::shared_ptr<StreamLink> link_;
  SystemMutex& mutex_;
  std::unique_ptr<Rare> rare_ ABSL_GUARDED_BY(mutex_);
  std::array<End, 2> ends_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_STREAM_PAIR_H_
