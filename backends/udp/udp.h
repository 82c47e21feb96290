// UDP: the networks "udp", "udp4" and "udp6".
//
//   std::shared_ptr<plumb::Transport> udp = plumb::MakeUdp();
//   ASSIGN_OR_RETURN(auto conn, udp->Dial("udp", "db:53"));
//   ASSIGN_OR_RETURN(auto packets, udp->ListenPacket("udp", ":0"));
//   ASSIGN_OR_RETURN(auto listener, udp->Listen("udp", ":53"));
//
// Dial sends nothing. That nobody listens at the other end shows at a later
// Read or Write, as ECONNREFUSED. Each Write is a datagram and each Read takes
// one; there is no end of the stream and no CloseWrite.
//
// ListenPacket sends to and receives from anybody. A multicast address makes it
// receive what comes to that port at any address, beside other sockets that do
// the same; it joins no group. transport/multicast.h does that.
//
// Listen makes one Conn for each remote peer, so that a handler of Conns serves
// udp as any other network: a peer's first datagram makes it come out of
// Accept, and its Read and Write are to and from that peer. Peers that are idle
// for too long end; see transport/udp_options.h for that and the other limits.
// CloseWrite ends one's own Writes and tells the peer nothing. Replies leave
// from the address that the system chooses, which on a machine with several may
// not be the one that the peer wrote to: listen at one address there.
//
// "udp" takes IPv4 and IPv6; without a host it listens at both at once, and
// IPv4 peers then look like IPv4 peers. Broadcast is allowed, as in Go.
//
// Options: Dial honours local_address, send_buffer and receive_buffer;
// ListenPacket reuse_port, send_buffer and receive_buffer; Listen also backlog
// (peers that wait to be accepted) and the extra UdpListenOptions.
//
// Extensions: MessageTraits, BlockedProbe, NativeHandle and BufferControl of a
// dialled Conn and a PacketConn, Peeker of the one and MulticastControl of the
// other; MessageTraits and BlockedProbe of an accepted Conn; UdpListenerStats
// and BlockedProbe of a Listener.
//
// Names are resolved by the system, which blocks the thread, or of fibers the
// calling one alone; deadlines and scopes are looked at before and after.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_UDP_UDP_H_
#define PLUMB_BACKENDS_UDP_UDP_H_

#include <memory>

#include "absl/status/status.h"
#include "transport/clock.h"
#include "transport/registry.h"
#include "transport/transport.h"

namespace plumb {

// Deadlines and idle times are on `clock`, which must outlive the Transport and
// all that came from it.
std::shared_ptr<Transport> MakeUdp(Clock& clock = Clock::Real());

// Registers all three networks.
absl::Status RegisterUdp(Registry& registry);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UDP_UDP_H_
