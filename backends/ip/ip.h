// Raw IP: the networks "ip", "ip4" and "ip6", with the protocol after a colon
// by name or number: "ip4:icmp", "ip6:58".
//
//   std::shared_ptr<plumb::Transport> ip = plumb::MakeIp();
//   ASSIGN_OR_RETURN(auto conn, ip->Dial("ip4:icmp", "db"));
//   ASSIGN_OR_RETURN(auto packets, ip->ListenPacket("ip4:icmp", "0.0.0.0"));
//
// An address is a host alone; there are no ports. What is written is the data
// of the packet, and the kernel makes the IP header. What is read is the data
// as well, over IPv4 and IPv6, from Conns and PacketConns (Go's IPConn.Read
// leaves an IPv4 header on), and the buffer needs no room for the header.
//
// A socket receives a copy of every packet of its protocol that arrives at its
// address, and, when dialled, from its peer. "ip" takes IPv4 and IPv6, by the
// address; without a host it is IPv4, as a raw IPv6 socket sees nothing of
// that.
//
// Opening one takes the capability CAP_NET_RAW. Without it the error is
// PermissionDenied, "listen ip4:icmp 127.0.0.1: socket: operation not
// permitted", with what is needed in ErrorInfo::detail.
//
// Options: Dial honours local_address, send_buffer and receive_buffer;
// ListenPacket the latter two. There is no Listen and no CloseWrite.
//
// Extensions: MessageTraits, BlockedProbe, NativeHandle and BufferControl; of
// Conns Peeker as well.
//
// Names are resolved by the system, which blocks the thread, or of fibers the
// calling one alone; deadlines and scopes are looked at before and after.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_IP_IP_H_
#define PLUMB_BACKENDS_IP_IP_H_

#include <memory>

#include "absl/status/status.h"
#include "transport/clock.h"
#include "transport/registry.h"
#include "transport/transport.h"

namespace plumb {

// Deadlines are on `clock`, which must outlive the Transport and all that came
// from it.
std::shared_ptr<Transport> MakeIp(Clock& clock = Clock::Real());

// Registers all three networks.
absl::Status RegisterIp(Registry& registry);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_IP_IP_H_
