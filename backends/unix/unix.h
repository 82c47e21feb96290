// Unix domain sockets: the networks "unix" (a stream), "unixgram" (datagrams)
// and "unixpacket" (a connection of messages).
//
//   std::shared_ptr<plumb::Transport> local = plumb::MakeUnix();
//   ASSIGN_OR_RETURN(auto listener, local->Listen("unix", "/run/x.sock"));
//   ASSIGN_OR_RETURN(auto conn, local->Dial("unix", "/run/x.sock"));
//
// Addresses are paths of at most 107 bytes, or "@name", a name that is no file
// and ends with its socket. Listening on "" takes a free name of the second
// kind. A peer that is not bound has the address "@".
//
// Files: Close of a Listener removes its file, just before it closes; a
// PacketConn leaves its own. UnixListenOptions (transport/unix_options.h)
// changes that, sets the file's mode, and replaces what a dead listener has
// left. The mode is there from the file's first moment as far as it only takes
// rights away from what the umask leaves; what it adds is added before a
// Listener can be connected to, and on unixgram just after others can send.
//
// Dial("unixgram") has an address of its own only with local_address, "" for a
// free one; without it the peer cannot answer.
//
// Waiting: a Dial whose listener's queue is full, and a WriteTo whose
// receiver's queue is full, try again after pauses of 1 ms to 50 ms, as the
// kernel does not tell when there is room. (Go gives up at once.)
//
// Options: Dial honours local_address and send_buffer; Listen backlog (not
// ListenPacket), send_buffer, also of its connections, and UnixListenOptions.
// The kernel counts what waits to be read against the sender's buffer, so
// receive_buffer is not supported, nor is BufferControl::SetReadBuffer.
//
// Extensions of Conns: HandlePassing, BufferControl, Peeker, NativeHandle,
// BlockedProbe; of unix and unixpacket PeerCredentials and ReadCloser; of
// unixgram and unixpacket MessageTraits. PacketConns have PacketHandlePassing,
// MessageTraits, BufferControl, NativeHandle and BlockedProbe.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_UNIX_UNIX_H_
#define PLUMB_BACKENDS_UNIX_UNIX_H_

#include <memory>

#include "absl/status/status.h"
#include "transport/clock.h"
#include "transport/registry.h"
#include "transport/transport.h"

namespace plumb {

// Deadlines are on `clock`, which must outlive the Transport and all that came
// from it.
std::shared_ptr<Transport> MakeUnix(Clock& clock = Clock::Real());

// Registers all three networks.
absl::Status RegisterUnix(Registry& registry);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UNIX_UNIX_H_
