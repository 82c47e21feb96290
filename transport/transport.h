// A Transport opens connections. A backend (tcp, udp, unix, ip, fake) is one;
// so is a Registry, which picks another by the network's name; so is a host of
// a fake network; so is a decorator around any of them. A service takes a
// Transport& and nothing else, and only main knows which one it is:
//
//   class Store {
//    public:
//     explicit Store(plumb::Transport& transport) : transport_(transport) {}
//     absl::Status Ping() {
//       ASSIGN_OR_RETURN(auto conn, transport_.Dial("tcp", "db:5432"));
//       return conn->Write("ping\n");
//     }
//    private:
//     plumb::Transport& transport_;
//   };
//
// Networks are named as in Go: "tcp", "tcp4", "tcp6", "udp", ..., "unix",
// "unixgram", "unixpacket", "ip4:icmp". Addresses are "host:port" ("[::1]:80",
// ":http", "db:5432"), a path, or "@name" for an abstract unix socket.
//
// Threads: any method at any time.
//
// Lifetime: Conns, Listeners and PacketConns outlive the Transport that they
// came from; they share what they need.
//
// Errors: error.h. `dial foo: unknown network foo` for a network that is not
// there, Unimplemented for a network or an option that this one cannot do.
#ifndef PLUMB_TRANSPORT_TRANSPORT_H_
#define PLUMB_TRANSPORT_TRANSPORT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"

namespace plumb {

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport() = default;

  // Connects to `address`. Suspends the calling thread or fiber; scopes and the
  // options' deadline end it. A name with several addresses is tried in order,
  // and the first one's error is returned when all fail. An empty host is this
  // machine.
  virtual absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) = 0;

  // Listens at `address`. An empty host is every address of this machine; port
  // 0 is a free one, which Listener::Address tells. "udp" makes one Conn for
  // each remote peer, so that one handler serves every network.
  virtual absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) = 0;

  // Opens `address` for datagrams.
  virtual absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) = 0;

  // With the default options.
  absl::StatusOr<std::unique_ptr<Conn>> Dial(absl::string_view network,
                                             absl::string_view address) {
    return Dial(network, address, DialOptions());
  }
  absl::StatusOr<std::unique_ptr<Listener>> Listen(absl::string_view network,
                                                   absl::string_view address) {
    return Listen(network, address, ListenOptions());
  }
  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address) {
    return ListenPacket(network, address, ListenOptions());
  }
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_TRANSPORT_H_
