// TCP: the networks "tcp", "tcp4" and "tcp6".
//
//   std::shared_ptr<plumb::Transport> tcp = plumb::MakeTcp();
//   ASSIGN_OR_RETURN(auto conn, tcp->Dial("tcp", "db:5432"));
//   ASSIGN_OR_RETURN(auto listener, tcp->Listen("tcp", ":0"));
//
// "tcp" takes IPv4 and IPv6; a listener without a host takes both at once.
// "tcp4" and "tcp6" keep to one of them.
//
// As in Go: no-delay is on; keep-alive probes go after 15 s, every 15 s, 9
// times; a listener's address may be taken again at once (SO_REUSEADDR); the
// queue of connections is as long as the system allows. Unlike Go: addresses of
// both families are tried one after the other, not at the same time.
//
// Options: Dial honours local_address, no_delay, keep_alive, send_buffer and
// receive_buffer; Listen all but extras.
//
// Extensions of Conns: TcpControl, ReadCloser, BufferControl, Peeker,
// NativeHandle, BlockedProbe; of Listeners: BufferControl, NativeHandle,
// BlockedProbe.
//
// Names are resolved by the system, which blocks the thread, or of fibers the
// calling one alone; deadlines and scopes are looked at before and after.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_TCP_TCP_H_
#define PLUMB_BACKENDS_TCP_TCP_H_

#include <memory>

#include "absl/status/status.h"
#include "transport/clock.h"
#include "transport/registry.h"
#include "transport/transport.h"

namespace plumb {

// Deadlines are on `clock`, which must outlive the Transport and all that came
// from it.
std::shared_ptr<Transport> MakeTcp(Clock& clock = Clock::Real());

// Registers all three networks.
absl::Status RegisterTcp(Registry& registry);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_TCP_TCP_H_
