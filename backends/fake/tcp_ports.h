// The tcp ports of a host of a fake network: who listens, and which connections
// hold one, open or in TIME_WAIT. The rules are those of bind(2), connect(2)
// and tcp(7) on Linux, with the socket options that Go sets:
//
// - a Listener (SO_REUSEADDR) minds other Listeners and dialled connections,
//   but not the connections that a Listener before it has accepted
// - a local port that is asked for minds all of them
// - a dialled connection without one shares its port with others of its kind
//   that go elsewhere, and with nobody else, whatever the address
//
// Threads: none of its own; the network's mutex guards it.
#ifndef PLUMB_BACKENDS_FAKE_TCP_PORTS_H_
#define PLUMB_BACKENDS_FAKE_TCP_PORTS_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "backends/fake/address_set.h"
#include "backends/fake/listen_queue.h"
#include "backends/fake/netstat.h"
#include "backends/fake/port_table.h"
#include "backends/fake/reuse_port_cache.h"
#include "transport/clock.h"
#include "transport/ip_addr.h"

namespace plumb {

class TcpPorts {
 public:
  // The two addresses of a connection, this host's first.
  using Ends = std::pair<IpPort, IpPort>;

  // What is left of a connection whose end here was closed first: it waits for
  // the peer's end, and then for what may still be under way.
  struct TimeWait {
    std::string network;
    bool got_end = false;
    bool dialled = false;
    MonotonicNanos since = 0;
  };

  // `time_wait` is how long an end that closed first keeps its port, 0 for not
  // at all.
  TcpPorts(PortRange ephemeral, MonotonicNanos time_wait)
      : ephemeral_(ephemeral),
        time_wait_(time_wait),
        next_(ephemeral.first),
        listeners_(ephemeral) {}

  // Whether one can listen at `where`; chooses a free port when `*port` is 0.
  // Returns 0 or EADDRINUSE.
  int ChooseForListen(const AddressSet& where, PortSharing share,
                      MonotonicNanos now, uint16_t* port);
  uint64_t Listen(const AddressSet& where, uint16_t port, PortSharing share,
                  std::shared_ptr<ListenQueue> queue);
  void Unlisten(uint16_t port, uint64_t id) { listeners_.Unbind(port, id); }
  // Who gets what comes from `source`; null when nobody listens.
  std::shared_ptr<ListenQueue> Find(const IpPort& at, uint16_t source) const {
    return listeners_.Find(at.ip, at.port, source);
  }

  // Takes the port of `ends->first` for a connection that is dialled by a
  // socket that was bound to `bound`, or chooses one when it is 0. Returns 0,
  // EADDRINUSE for a port that was asked for, or EADDRNOTAVAIL when there is
  // none to that destination, or such a connection.
  int Dial(MonotonicNanos now, const AddressSet& bound, Ends* ends);
  // The same for the end that accepts.
  void Accept(const Ends& ends);
  // Gives it back.
  void Release(const Ends& ends, bool dialled);

  // In place of Release, `now`, when that end was closed first.
  void Linger(const Ends& ends, TimeWait how);
  // The peer's end has come, or it was reset. Nothing unless it lingers.
  void PeerEnded(const Ends& ends, MonotonicNanos now);
  void PeerReset(const Ends& ends) { StopLingering(ends); }
  bool Lingers() const { return time_wait_ > 0; }
  std::vector<NetstatRow> TimeWaitRows(MonotonicNanos now);

 private:
  struct Dialled {
    IpAddr local;
    IpPort remote;
    bool chosen;  // its port was not asked for
  };
  // How many connections to an address were accepted.
  struct Accepted {
    IpAddr local;
    int count;
  };

  bool IsConnected(const Ends& ends) const;
  // Forgets what has lingered long enough.
  void Expire(MonotonicNanos now);
  void StopLingering(const Ends& ends);
  bool IsDialledFrom(const AddressSet& where, uint16_t port) const;
  bool IsAcceptedAt(const AddressSet& where, uint16_t port) const;
  // Somebody has it, whatever for.
  bool IsUsed(uint16_t port) const;
  bool IsFree(const AddressSet& where, uint16_t port);
  // Whether a connection to `remote` can have that port, which nobody asked
  // for.
  bool CanShare(const IpPort& local, const IpPort& remote, MonotonicNanos now);
  uint16_t NextCandidate();

  const PortRange ephemeral_;
  const MonotonicNanos time_wait_;
  uint16_t next_;
  PortTable<ListenQueue> listeners_;
  ReusePortCache reuse_port_;
  // Each idle connection is in it: a hash table would keep half of it empty.
  absl::btree_map<uint16_t, absl::InlinedVector<Dialled, 1>> dialled_;
  absl::flat_hash_map<uint16_t, absl::InlinedVector<Accepted, 1>> accepted_;
  absl::flat_hash_map<Ends, TimeWait> lingering_;
  // When to look at which, in order; it may linger since later by then.
  std::deque<std::pair<MonotonicNanos, Ends>> expiries_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_TCP_PORTS_H_
