// Limits of Listen("udp", ...), which makes one Conn for each remote peer, and
// what it counts.
//
//   plumb::ListenOptions options;
//   plumb::UdpListenOptions limits;
//   limits.max_peers = 100;
//   limits.idle_timeout = absl::Seconds(30);
//   options.extras.Set(limits);
//   auto listener = transport.Listen("udp", ":53", options);
//
// Anybody can send a datagram from a made-up address, so that everything a peer
// can make the listener keep has a limit, and what comes in beyond it is
// dropped and counted, as the kernel does:
//
//   auto* stats = plumb::Extension<plumb::UdpListenerStats>(*listener);
//   LOG(INFO) << stats->Counters().dropped_newcomers;
#ifndef PLUMB_TRANSPORT_UDP_OPTIONS_H_
#define PLUMB_TRANSPORT_UDP_OPTIONS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace plumb {

struct UdpListenOptions {
  static constexpr char kOptionName[] = "udp_listen";

  // Each queued datagram counts as its bytes and this, so that empty ones count
  // too.
  static constexpr size_t kDatagramOverhead = 64;

  // How many peers there can be, accepted and not yet accepted. A newcomer
  // beyond that is dropped. ListenOptions::backlog limits those that are not
  // yet accepted.
  size_t max_peers = 16384;

  // What one peer may have queued, though one datagram always fits, and what
  // all may have queued together.
  size_t peer_queue_bytes = 256 * 1024;
  size_t total_queue_bytes = 16 * 1024 * 1024;

  // A peer that nothing came from and nothing was written to for so long is
  // forgotten: its Conn reads as the end of the stream after what is queued,
  // and its next datagram makes a new Conn. Writes still go out. RFC 4787 asks
  // the same of address translators.
  absl::Duration idle_timeout = absl::Minutes(5);

  // The longest datagram that is received whole. Of a longer one the rest is
  // lost, and the Read that gets it fails as with a short buffer.
  size_t max_datagram = 65535;
};

struct UdpListenerCounters {
  uint64_t dropped_newcomers = 0;  // datagrams from new peers: no room for one
  uint64_t dropped_datagrams = 0;  // from known peers: their queue was full
  uint64_t expired_peers = 0;
  size_t peers = 0;         // that there are now
  size_t queued_bytes = 0;  // that wait now, with their overhead
};

// Listeners that make one Conn for each remote peer.
class UdpListenerStats {
 public:
  static constexpr char kExtensionName[] = "plumb.UdpListenerStats";
  virtual UdpListenerCounters Counters() const = 0;

 protected:
  ~UdpListenerStats() = default;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_UDP_OPTIONS_H_
