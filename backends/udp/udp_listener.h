// Listen("udp", ...): a Listener on an unconnected socket that makes one Conn
// for each remote peer, so that a handler of Conns serves udp as well.
//
// A peer is an address that a datagram came from. Its Conn reads the datagrams
// that come from there and writes to it. It ends when it is closed, or by
// itself when it has been idle for too long: then it reads as the end of the
// stream. The next datagram from the same address makes a new Conn. What limits
// there are and what they do: transport/udp_options.h.
//
// The Conns share the Listener's socket and outlive it. They have no
// NativeHandle: whoever read that would take from all of them. That nobody
// listens at the other end is not reported to them; the peer expires.
//
// Threads, errors: as for Listener and Conn. Extensions: BlockedProbe and
// UdpListenerStats of the Listener; BlockedProbe and MessageTraits of the
// Conns.
#ifndef PLUMB_BACKENDS_UDP_UDP_LISTENER_H_
#define PLUMB_BACKENDS_UDP_UDP_LISTENER_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "backends/udp/udp_mux.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/udp_options.h"

namespace plumb {

class UdpListener final : public Listener,
                          public BlockedProbe,
                          public UdpListenerStats {
 public:
  // `descriptor` is bound and non-blocking; `names` has the network and, as
  // addr, the local address. At most `backlog` peers wait to be accepted.
  UdpListener(Clock& clock, Descriptor descriptor,
              std::shared_ptr<const CallNames> names,
              const UdpListenOptions& options, size_t backlog);
  ~UdpListener() override;

  absl::StatusOr<std::unique_ptr<Conn>> Accept() override;
  absl::Status Close() override;
  Addr Address() const override;
  absl::Status SetDeadline(absl::Time when) override;
  void* Extension(absl::string_view name) override;

  int BlockedCalls(Direction direction) const override;
  UdpListenerCounters Counters() const override;

 private:
  const std::shared_ptr<UdpMux> mux_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UDP_UDP_LISTENER_H_
