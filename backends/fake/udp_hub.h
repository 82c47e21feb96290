// What the Listener of udp and the Conns that it accepted share on a fake
// network: one port, and a queue for each remote peer. The rules are those of
// Listen("udp", ...) on real sockets, transport/udp_options.h.
//
// Datagrams are put straight into the queue of their peer, by who sends them.
// That a peer has been idle for too long is looked at when somebody asks.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_FAKE_UDP_HUB_H_
#define PLUMB_BACKENDS_FAKE_UDP_HUB_H_

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "backends/fake/datagram_sink.h"
#include "backends/fake/lease.h"
#include "backends/fake/netstat.h"
#include "backends/fake/network_state.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/system_mutex.h"
#include "transport/udp_options.h"

namespace plumb {

// One remote peer, shared by the hub and its Conn.
struct UdpHubPeer {
  UdpHubPeer(Clock& clock, std::shared_ptr<const CallNames> names)
      : state(clock, std::move(names)) {}

  CallState state;
  std::atomic<bool> write_closed{false};

  // The hub's mutex guards these.
  std::deque<std::string> queue;
  size_t queued_bytes = 0;
  bool expired = false;
  MonotonicNanos last_active = 0;
};

class UdpHub final : public DatagramSink, public NetstatSource {
 public:
  using Peer = std::shared_ptr<UdpHubPeer>;

  // At most `backlog` peers wait to be accepted.
  UdpHub(Clock& clock, std::shared_ptr<const CallNames> names,
         const UdpListenOptions& options, size_t backlog);

  // Of Accept.
  CallState& accept_state() { return accept_state_; }

  // Holds the port until nobody uses it: the Listener, and each open Conn.
  void HoldLease(Lease lease);
  void AddUser();
  void RemoveUser();

  Verdict Deliver(const Addr& from, Datagram& datagram,
                  const std::shared_ptr<CallState>& sender) override;

  struct Taken {
    enum Kind { kNothing, kDatagram, kEnd };
    Kind kind = kNothing;
    size_t size = 0;
    size_t full_size = 0;
    MonotonicNanos ask_again = kNever;  // of kNothing: the end may come then
  };
  Taken Take(const Peer& peer, absl::Span<char> buffer);
  // The same without taking anything.
  Taken Look(const Peer& peer);

  // The next peer that nobody has accepted; null for none.
  Peer TakeNewcomer();
  // No newcomers from now on; those that nobody has accepted are forgotten.
  void StopListening();
  // Forgets `peer` and what it has queued.
  void Remove(const Peer& peer);
  // Something was written to it.
  void Touch(const Peer& peer);

  UdpListenerCounters Counters();
  // How many peers wait to be accepted.
  size_t Newcomers() const;
  NetstatRow Row() const override;

 private:
  Peer AddNewcomer(const Addr& from, size_t cost)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsIdle(const UdpHubPeer& peer) const;
  // Forgets who has been idle for too long.
  void Sweep(std::vector<Peer>* expired) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Expire(const Peer& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unlist(const Peer& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drop(UdpHubPeer& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Taken LookLocked(const Peer& peer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock& clock_;
  CallState accept_state_;
  const UdpListenOptions options_;
  const size_t backlog_;
  const MonotonicNanos idle_nanos_;  // kNever: nobody expires

  mutable SystemMutex mutex_;
  bool listening_ ABSL_GUARDED_BY(mutex_) = true;
  int users_ ABSL_GUARDED_BY(mutex_) = 1;
  Lease lease_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<IpPort, Peer> peers_ ABSL_GUARDED_BY(mutex_);
  std::deque<Peer> newcomers_ ABSL_GUARDED_BY(mutex_);
  size_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  // Nobody is idle for too long before that.
  MonotonicNanos next_sweep_ ABSL_GUARDED_BY(mutex_) = kNever;
  UdpListenerCounters counters_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_UDP_HUB_H_
