// The remote peers of one UDP socket: who there is, what waits for each to be
// read, who has not been accepted yet, and when each is forgotten. All limits
// of UdpListenOptions are kept here. Makes no system call.
//
// Threads: any method at any time. Nobody is signalled here: what has to be
// goes into a Wakeups, for the caller to signal without a lock.
#ifndef PLUMB_BACKENDS_UDP_PEER_TABLE_H_
#define PLUMB_BACKENDS_UDP_PEER_TABLE_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/sockaddr.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/system_mutex.h"
#include "transport/udp_options.h"

namespace plumb {

// One remote peer, shared by the table, its Conn and the calls that wait in it.
class UdpPeer {
 public:
  UdpPeer(Clock& clock, std::shared_ptr<const CallNames> names,
          const SockAddr& address)
      : state(clock, std::move(names)), remote(address) {}

  // Something came or went just now.
  void Touch() {
    last_active_.store(state.clock().MonotonicNow(), std::memory_order_relaxed);
  }

  CallState state;
  const SockAddr remote;
  std::atomic<bool> write_closed{false};

 private:
  friend class PeerTable;

  struct Datagram {
    std::string data;
    size_t full_size = 0;  // longer than `data` when it was cut
  };

  std::atomic<MonotonicNanos> last_active_{0};

  // The table's mutex guards these.
  std::list<Datagram> queue_;
  size_t queued_bytes_ = 0;
  bool expired_ = false;
  MonotonicNanos look_at_ = kNever;  // its place among those to look at
};

class PeerTable {
 public:
  // One datagram that has arrived.
  struct Arrival {
    const SockAddr* from;
    Addr addr;  // the same
    absl::string_view data;
    size_t full_size;
  };

  // Whom to tell of what has changed.
  struct Wakeups {
    absl::InlinedVector<std::shared_ptr<UdpPeer>, 32> readers;
    bool accept = false;
  };

  // What a Read gets.
  struct Taken {
    bool end = false;  // of the stream
    size_t size = 0;   // put into the buffer
    size_t full_size = 0;
  };

  // `listener` has the network and the local address; at most `backlog` peers
  // wait to be accepted. `clock` outlives the table and its peers.
  PeerTable(Clock& clock, std::shared_ptr<const CallNames> listener,
            const UdpListenOptions& options, size_t backlog);

  // Puts each of `arrivals` into its peer's queue, or drops it.
  void Deliver(absl::Span<const Arrival> arrivals, Wakeups& wakeups);

  // Forgets the peers that have been idle for too long.
  void Expire(Wakeups& wakeups);
  // When there may be one; kNever when there is none.
  MonotonicNanos next_expiry() const;

  // The next datagram of `peer`, or the end; nullopt for neither.
  std::optional<Taken> Take(UdpPeer& peer, absl::Span<char> buffer);
  // Whether Take would return something.
  bool Readable(const UdpPeer& peer) const;

  // The next peer that nobody has accepted; null for none.
  std::shared_ptr<UdpPeer> TakeNewcomer();
  // No newcomers from now on; those that nobody has accepted are forgotten.
  void StopListening();

  // Forgets `peer` and what it has queued.
  void Remove(UdpPeer& peer);

  UdpListenerCounters Counters() const;

 private:
  using Due = std::pair<MonotonicNanos, UdpPeer*>;

  void DeliverOne(const Arrival& arrival, MonotonicNanos now, Wakeups& wakeups)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A peer for `arrival` that waits to be accepted; null when there is no room.
  std::shared_ptr<UdpPeer> AddNewcomer(const Arrival& arrival,
                                       MonotonicNanos now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom(const UdpPeer& peer, size_t cost) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Push(UdpPeer& peer, const Arrival& arrival)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Pop(UdpPeer& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LookAt(UdpPeer& peer, MonotonicNanos when)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DropQueue(UdpPeer& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes `peer` out, so that its next datagram makes a new one.
  void Unlist(UdpPeer& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether nobody had accepted it; nobody will.
  bool UnlistNewcomer(const UdpPeer& peer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock& clock_;
  const std::shared_ptr<const CallNames> listener_;
  const UdpListenOptions options_;
  const size_t backlog_;
  const MonotonicNanos idle_nanos_;  // kNever: nobody expires

  mutable SystemMutex mutex_;
  bool listening_ ABSL_GUARDED_BY(mutex_) = true;
  absl::flat_hash_map<IpPort, std::shared_ptr<UdpPeer>> peers_
      ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<UdpPeer>> newcomers_ ABSL_GUARDED_BY(mutex_);
  // The listed peers by when their idle time may be over. Only that look moves
  // one that was active meanwhile.
  std::set<Due> due_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Used list nodes with their strings, so that a steady flow allocates
  // nothing.
  std::list<UdpPeer::Datagram> spare_ ABSL_GUARDED_BY(mutex_);
  UdpListenerCounters counters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UDP_PEER_TABLE_H_
