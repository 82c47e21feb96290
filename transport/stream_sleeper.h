// A Read of a stream in memory that waits without a Call (call.h): it has done
// nothing but leave this with its end, under the mutex of the pair. So there
// and back between two fibers costs no more than one hold of the mutex for each
// Write and each Read.
//
// Who has bytes puts them into `taker`, after it has taken the sleeper off its
// end; who has anything else to say (the end of the stream, a deadline, another
// reader who asks for the turn) counts it in, as a Call would have been from
// the start, and lets it go on as one: kRoused. Close alone ends it: kEnding,
// and kClosed when the end is closed.
//
// A Read that has its bytes or is kClosed never touches the pair again. As long
// as it is kWaiting without bytes the pair is there for who has the mutex.
//
// For stream_pair.h.
//
// Threads: fields change under the mutex of the pair, which outlives it; the
// reader looks at `taken` and `state` without.
#ifndef PLUMB_TRANSPORT_STREAM_SLEEPER_H_
#define PLUMB_TRANSPORT_STREAM_SLEEPER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "transport/byte_queue.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/system_mutex.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {

// On the stack of the Read.
struct StreamSleeper {
  enum State : uint8_t {
    kAwake,  // it has its bytes, or has to make a Call
    kWaiting,
    kRoused,   // goes on as a Call that has its turn
    kCounted,  // the same, but others have the turn; is counted in
    kEnding,   // about to be kClosed
    kClosed,
  };

  StreamSleeper(Waiter& w, absl::Span<char> room) : waiter(w) {
    taker.room = room;
  }

  size_t taken() const { return taker.taken.load(std::memory_order_acquire); }
  bool waits() const {
    const State now = state.load(std::memory_order_acquire);
    return (now == kWaiting || now == kEnding) && taken() == 0;
  }
  // Without the mutex, by who has made it kEnding.
  void End(std::shared_ptr<const CallNames> shared) {
    Waiter& woken = waiter;
    names = std::move(shared);
    state.store(kClosed, std::memory_order_release);
    woken.Wake();
  }

  Waiter& waiter;
  ByteQueue::Taker taker;
  std::atomic<State> state{kAwake};
  const CallNames* pair_names = nullptr;   // of kWaiting
  std::shared_ptr<const CallNames> names;  // of kClosed
};

// Says in what a sleeper waits.
class SleeperReason final : public WaitReason {
 public:
  SleeperReason(const StreamSleeper& sleeper, SystemMutex& mutex)
      : sleeper_(sleeper), mutex_(mutex) {}

  std::string Describe() const override {
    SystemMutexLock lock(&mutex_);
    // Else the pair may have gone, and the names with it.
    const bool there = sleeper_.state.load() == StreamSleeper::kWaiting &&
                       sleeper_.taken() == 0;
    return OpText(NamedInfo("read", there ? sleeper_.pair_names : nullptr));
  }

 private:
  const StreamSleeper& sleeper_;
  SystemMutex& mutex_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_STREAM_SLEEPER_H_
