// The connections that wait at one address of a fake network to be accepted.
//
// As on Linux one more than the backlog fits. Who dials when it is full waits
// in a second queue until there is room.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_FAKE_LISTEN_QUEUE_H_
#define PLUMB_BACKENDS_FAKE_LISTEN_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "backends/fake/netstat.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/memory_stream_options.h"
#include "transport/options.h"
#include "transport/system_mutex.h"

namespace plumb {

// A Conn that can be torn down while it waits.
class FakeConn : public Conn {
 public:
  // In its host's table.
  enum class Shown : uint8_t { kNot, kDialling, kConnected };

  // Closes and resets the connection.
  virtual void Reset() = 0;

  void Show(Shown how) { shown().store(how, std::memory_order_relaxed); }

 protected:
  // The row that is shown of one with these names.
  NetstatRow RowOf(const CallNames& names, const StreamStatus& status) const;

 private:
  // kNot at first; where a Conn has a byte to spare for it.
  virtual std::atomic<Shown>& shown() const = 0;
};

// One Dial that may have to wait for room.
struct Dialing {
  explicit Dialing(Clock& clock) : state(clock) {}

  enum Result { kWaiting, kConnected, kRefused };

  CallState state;

  // The mutex of the ListenQueue that it waits in guards it.
  Result result = kWaiting;
};

class ListenQueue final : public NetstatSource {
 public:
  ListenQueue(Clock& clock, std::shared_ptr<const CallNames> names,
              const ListenOptions& listen_options, size_t backlog)
      : options(listen_options),
        state_(clock, std::move(names)),
        backlog_(backlog) {}

  // Of Accept and of the Listener.
  CallState& state() { return state_; }
  const CallState& state() const { return state_; }

  // For the connections that are made to it.
  const ListenOptions options;

  // Queues `conn`, the Listener's end. kWaiting when there is no room yet: then
  // `dialing`'s state is signalled when the result has changed. One that is
  // refused or given up is reset: it was never open, and leaves nothing behind.
  // `near`, the dialler's end, is shown with the result, since who accepts may
  // look before the dialler does: it must be there until that is not kWaiting,
  // or GiveUp.
  Dialing::Result Push(std::unique_ptr<FakeConn> conn, FakeConn& near,
                       const std::shared_ptr<Dialing>& dialing);
  // Whether Push would not return kWaiting now.
  bool HasRoom();
  Dialing::Result ResultOf(const Dialing& dialing);
  // Takes a waiting `dialing` out and resets its end; its result then.
  Dialing::Result GiveUp(const std::shared_ptr<Dialing>& dialing);

  // How many connections wait to be accepted, or for room.
  size_t Pending() const;
  NetstatRow Row() const override;

  // The next connection; null for none.
  std::unique_ptr<FakeConn> Pop();

  // Refuses all who wait, and resets the connections that were not accepted.
  void Shut();

 private:
  struct Waiting {
    std::unique_ptr<FakeConn> conn;
    FakeConn* near;
    std::shared_ptr<Dialing> dialing;
  };

  // Push, but for what is done without the lock. Takes `conn` unless it is
  // refused.
  Dialing::Result Queue(std::unique_ptr<FakeConn>& conn, FakeConn& near,
                        const std::shared_ptr<Dialing>& dialing);

  CallState state_;
  const size_t backlog_;

  mutable SystemMutex mutex_;
  bool shut_ ABSL_GUARDED_BY(mutex_) = false;
  std::deque<std::unique_ptr<FakeConn>> queued_ ABSL_GUARDED_BY(mutex_);
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_LISTEN_QUEUE_H_
