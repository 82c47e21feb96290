// Dialling and listening at IP addresses of a fake network.
#ifndef PLUMB_BACKENDS_FAKE_IP_NET_H_
#define PLUMB_BACKENDS_FAKE_IP_NET_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/fake/network_state.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"

namespace plumb {

// As Transport's methods, called on `host`, for "tcp*" and "fake".
absl::StatusOr<std::unique_ptr<Conn>> DialStream(const HostRef& host,
                                                 absl::string_view network,
                                                 absl::string_view address,
                                                 const DialOptions& options);
absl::StatusOr<std::unique_ptr<Listener>> ListenStream(
    const HostRef& host, absl::string_view network, absl::string_view address,
    const ListenOptions& options);

// The same for "udp*" and "fakegram".
absl::StatusOr<std::unique_ptr<Conn>> DialUdp(const HostRef& host,
                                              absl::string_view network,
                                              absl::string_view address,
                                              const DialOptions& options);
absl::StatusOr<std::unique_ptr<Listener>> ListenUdp(
    const HostRef& host, absl::string_view network, absl::string_view address,
    const ListenOptions& options);
absl::StatusOr<std::unique_ptr<PacketConn>> ListenUdpPacket(
    const HostRef& host, absl::string_view network, absl::string_view address,
    const ListenOptions& options);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_IP_NET_H_
