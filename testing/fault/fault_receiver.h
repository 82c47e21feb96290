// The incoming direction of a decorated connection: reads ahead of its owner's
// Reads, while they wait, what fault rules delay or hold.
//
// Threads: calls take turns (they are in a Call of kRead).
#ifndef PLUMB_TESTING_FAULT_FAULT_RECEIVER_H_
#define PLUMB_TESTING_FAULT_FAULT_RECEIVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/fault_queue.h"
#include "testing/fault/faults.h"
#include "transport/call.h"

namespace plumb {

class FaultReceiver {
 public:
  struct Hooks {
    // Reads up to `size` bytes into `data`, and says of whom and which packet
    // it is; `size` counts on streams alone.
    std::function<absl::Status(size_t size, FaultPiece* piece)> read;
    std::function<void(absl::string_view rule)> reset;
    // What rules do, as FaultRemark says it; may be empty.
    std::function<void(absl::string_view remark)> remark;
  };

  // What is read ahead at most.
  static constexpr size_t kLimit = 256 * 1024;

  // `sent`: the other end was asked about what it sent, so that only what
  // cuts the way is of concern here.
  FaultReceiver(std::shared_ptr<const Faults> faults, bool stream, bool sent,
                std::shared_ptr<FaultCalls> calls, Hooks hooks)
      : faults_(std::move(faults)),
        stream_(stream),
        sent_(sent),
        calls_(std::move(calls)),
        hooks_(std::move(hooks)),
        queue_(faults_, stream) {}

  bool empty() const { return queue_.empty(); }
  // There are bytes that nobody has read.
  bool HasData() const { return queue_.bytes() > 0; }

  // Takes in what is there, as Await does, which waits for nothing when a Read
  // from inside would not; false when it takes no more.
  bool TakeIn(Call& call, size_t size);
  // Up to that many bytes of a stream that are there already; false when there
  // are none.
  bool TakeInAtOnce(Call& call, size_t size);
  // Asks the rules again about what was taken in, as Await does; false when one
  // of them resets, so that nothing of it is left.
  bool Rejudge(absl::Time now);
  // The stream has ended, and no rule keeps that.
  bool HasEnded() const {
    return ended_ && !queue_.KeepsEnd(faults_->clock().TimeNow());
  }
  // Suspends until Take has something to give, or a failure is there to be
  // taken from the calls.
  absl::Status Await(Call& call, size_t size);
  bool HasDue() {
    now_ = faults_->clock().TimeNow();
    return queue_.HasDue(now_);
  }
  // As of when Await or HasDue looked last.
  bool StillDue() const { return queue_.HasDue(now_); }
  // Only when StillDue.
  FaultPiece Take() { return queue_.TakeDue(now_); }
  // See FaultQueue.
  const FaultPiece& Show() const { return queue_.ShowDue(now_); }
  size_t Copy(absl::Span<char> buffer) const {
    return queue_.CopyDue(now_, buffer);
  }
  void PutBack(FaultPiece piece) { queue_.PutBack(std::move(piece)); }
  // Drops what was taken in, with its handles.
  void Clear() { queue_.Clear(); }

 private:
  absl::Status ReadAhead(Call& call, size_t size, absl::Time until,
                         CancelSource source);
  void Judge(FaultPiece piece);

  const std::shared_ptr<const Faults> faults_;
  const bool stream_;
  const bool sent_;
  const std::shared_ptr<FaultCalls> calls_;
  const Hooks hooks_;
  FaultQueue queue_;
  bool ended_ = false;  // how the stream ended is in the queue, or was
  // As of which something is due, whatever becomes of the calendar.
  absl::Time now_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_RECEIVER_H_
