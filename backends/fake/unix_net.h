// The unix sockets of a host of a fake network: their names, dialling, and
// listening.
#ifndef PLUMB_BACKENDS_FAKE_UNIX_NET_H_
#define PLUMB_BACKENDS_FAKE_UNIX_NET_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/fake/network_state.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"

namespace plumb {

// As Transport's methods, called on `host`: "unix", "unixpacket", and to dial
// also "unixgram".
absl::StatusOr<std::unique_ptr<Conn>> DialUnix(const HostRef& host,
                                               absl::string_view network,
                                               absl::string_view name,
                                               const DialOptions& options);
absl::StatusOr<std::unique_ptr<Listener>> ListenUnix(
    const HostRef& host, absl::string_view network, absl::string_view name,
    const ListenOptions& options);
// "unixgram".
absl::StatusOr<std::unique_ptr<PacketConn>> ListenUnixgram(
    const HostRef& host, absl::string_view network, absl::string_view name,
    const ListenOptions& options);

// As unlink(2) of a socket file. Errors: NotFound, `remove PATH: no such file
// or directory`.
absl::Status RemoveUnixPath(const HostRef& host, absl::string_view path);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_UNIX_NET_H_
