// Every backend, for programs that want them all; whoever wants some registers
// these by themselves, and links no others.
//
//   ASSIGN_OR_RETURN(auto conn, plumb::Dial("tcp", "localhost:8080"));
//   ASSIGN_OR_RETURN(auto listener, plumb::Listen("unix", "/run/x.sock"));
//
// This belongs into main, which hands DefaultRegistry() to the rest of the
// program as a Transport&; the rest then runs on a fake in its tests.
//
// The networks: tcp, udp and ip, each also with 4 and 6; unix, unixgram and
// unixpacket; fake and fakegram, which are one host in memory.
//
// Threads: any. Errors: those of Transport.
#ifndef PLUMB_BACKENDS_ALL_H_
#define PLUMB_BACKENDS_ALL_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/registry.h"

namespace plumb {

// Registers every backend. Errors: as Registry::Register, for the first name
// that is taken; what came before it stays registered.
absl::Status RegisterAll(Registry& registry);

// The one that Dial, Listen and ListenPacket below use, with every backend. It
// may be added to. Made at its first use and never destroyed.
Registry& DefaultRegistry();

absl::StatusOr<std::unique_ptr<Conn>> Dial(
    absl::string_view network, absl::string_view address,
    const DialOptions& options = DialOptions());

absl::StatusOr<std::unique_ptr<Listener>> Listen(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options = ListenOptions());

absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options = ListenOptions());

}  // namespace plumb

#endif  // PLUMB_BACKENDS_ALL_H_
