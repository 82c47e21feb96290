// The one socket that a Listener of udp and its peers share; see udp_mux.cc for
// how its callers share the work.
//
// Threads: any method at any time, by a call that is inside the Listener or an
// open peer; whoever may outlive these holds it by a shared_ptr.
#ifndef PLUMB_BACKENDS_UDP_UDP_MUX_H_
#define PLUMB_BACKENDS_UDP_UDP_MUX_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/batch_ops.h"
#include "backends/posix/descriptor.h"
#include "backends/udp/lead.h"
#include "backends/udp/peer_table.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/packet_conn.h"
#include "transport/udp_options.h"

namespace plumb {

class UdpMux {
 public:
  // `descriptor` is bound and non-blocking; `names` has the network and the
  // local address. There is one user, the Listener.
  UdpMux(Clock& clock, Descriptor descriptor,
         std::shared_ptr<const CallNames> names,
         const UdpListenOptions& options, size_t backlog);

  PeerTable& table() { return table_; }
  const PeerTable& table() const { return table_; }

  // Of Accept.
  CallState& accept_state() { return accept_state_; }

  // Suspends a reading `call` on `state` until `ready` says so; true then.
  // False when the call ended, or with `*error` set to the cause of a failure.
  // `alive` keeps `state`.
  bool Await(Call& call, CallState& state,
             const std::shared_ptr<const void>& alive,
             absl::FunctionRef<bool()> ready, absl::Status* error);

  // Sends all of `pieces` as one datagram to `peer`; false when the call, which
  // is one of `peer`'s, ended. `*error` is the errno.
  bool Send(Call& call, const std::shared_ptr<UdpPeer>& peer,
            absl::Span<const absl::string_view> pieces, int* error);

  // One more, and one less, who uses the socket; without any it is closed.
  // Nobody is inside any more that was there on behalf of one that is removed.
  void AddUser();
  void RemoveUser();

 private:
  static constexpr size_t kBatch = 32;

  // The leader's part of Await: receives what is there, or waits.
  absl::Status LeadOn(Call& call);
  void Route(size_t count);
  void Signal(const PeerTable::Wakeups& wakeups);

  Descriptor descriptor_;
  std::atomic<int> users_{1};
  PeerTable table_;
  CallState accept_state_;
  Lead read_lead_;
  Lead write_lead_;

  // Of the one who leads the readers.
  const size_t max_datagram_;
  const std::unique_ptr<char[]> buffer_;  // kBatch times max_datagram_
  std::array<InPacket, kBatch> packets_;
  MessageBatch batch_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UDP_UDP_MUX_H_
