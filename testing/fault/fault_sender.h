// The outgoing direction of a decorated connection. What fault rules let pass
// at once its owner sends by itself; the rest is sent in the background, so
// that a Write takes no longer than it would on a slow network.
//
// The background is a thread of its own, from the first piece that must wait
// until Stop or the end of Linger; most connections never have one.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_FAULT_SENDER_H_
#define PLUMB_TESTING_FAULT_FAULT_SENDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/fault_queue.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"
#include "transport/cond_var.h"
#include "transport/event.h"
#include "transport/mutex.h"
#include "transport/thread.h"

namespace plumb {

class FaultSender {
 public:
  // Called without a lock, all but `waits`, `reset` and `remark` in the
  // background only.
  struct Hooks {
    std::function<absl::Status(const FaultPiece&)> send;
    // Whether a `send` that is under way waits for room; any thread.
    std::function<bool()> waits;
    std::function<void(absl::string_view rule)> reset;
    std::function<void()> room;    // there may be room again
    std::function<void()> finish;  // after Linger: all is sent
    // What rules do, as FaultRemark says it; may be empty.
    std::function<void(absl::string_view remark)> remark;
  };

  // What waits at most, in bytes. A stream's Write waits for room; a datagram
  // too many is lost, as in a router.
  static constexpr size_t kLimit = 256 * 1024;

  FaultSender(std::shared_ptr<const Faults> faults, bool stream, Hooks hooks)
      : faults_(std::move(faults)),
        stream_(stream),
        hooks_(std::move(hooks)),
        queue_(faults_, stream) {}
  ~FaultSender() { Stop(); }
  FaultSender(const FaultSender&) = delete;
  FaultSender& operator=(const FaultSender&) = delete;

  // Judges what is sent. When the verdict passes, the owner sends it, changed
  // as that says: nothing is before it. Else it is taken care of, and `rule` is
  // not said; `fill` gives the piece its bytes and handles, or drops it: under
  // a lock, so that it calls nobody.
  FaultVerdict Offer(FaultPiece piece,
                     absl::FunctionRef<bool(FaultPiece& piece)> fill);

  // `piece` is a message whose Write fails before it is sent.
  void Refuse(const FaultPiece& piece);

  bool HasRoom() const;
  // What waits here, and what of a stream waits for room in hooks.send. A piece
  // whose `send` is under way and does not wait is not counted: it has arrived,
  // and may have been read.
  size_t bytes() const;
  // Nothing waits, and nothing is being sent.
  bool idle() const;
  // Why sending in the background failed; the rest was dropped.
  absl::Status error() const;

  // Rules have changed.
  void Changed();

  // Drops what waits. Who is in hooks.send must come out by itself.
  void Stop();
  // Sends the rest, calls hooks.finish, and ends. Stop ends it sooner.
  void Linger();
  bool done() const { return done_.HasBeenNotified(); }

 private:
  FaultVerdict Judge(FaultPiece piece,
                     absl::FunctionRef<bool(FaultPiece& piece)> fill,
                     std::string* reset_by, std::string* remark);
  void Tell(absl::string_view remark);
  void Run();
  // Both let go of the mutex meanwhile when they are true, so that all may have
  // changed.
  bool Rejudge(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool SendOne(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IdleLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return queue_.empty() && !sending_;
  }

  const std::shared_ptr<const Faults> faults_;
  const bool stream_;
  const Hooks hooks_;
  mutable Mutex mutex_;
  CondVar changed_;
  Event done_;
  FaultQueue queue_ ABSL_GUARDED_BY(mutex_);
  bool sending_ ABSL_GUARDED_BY(mutex_) = false;
  size_t sending_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Remarks to come; nothing is sent before them, which may be what they are
  // of.
  int untold_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool lingers_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  Thread thread_ ABSL_GUARDED_BY(mutex_);
};

// Tells both of changes of the rules, until Faults::Unsubscribe.
uint64_t SubscribeTo(Faults& faults, const std::shared_ptr<FaultCalls>& calls,
                     const std::shared_ptr<FaultSender>& sender);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_SENDER_H_
