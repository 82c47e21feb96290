// Listen("udp", ...) on a fake network: the Listener and its Conns, on a
// UdpHub.
#ifndef PLUMB_BACKENDS_FAKE_UDP_HUB_CONNS_H_
#define PLUMB_BACKENDS_FAKE_UDP_HUB_CONNS_H_

#include <memory>

#include "backends/fake/udp_hub.h"
#include "backends/fake/udp_socket.h"
#include "transport/listener.h"

namespace plumb {

// `port` is where the Conns write from. Extensions: BlockedProbe and
// UdpListenerStats of the Listener; BlockedProbe and MessageTraits of the
// Conns.
std::unique_ptr<Listener> MakeUdpListener(std::shared_ptr<UdpHub> hub,
                                          const UdpPort& port);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_UDP_HUB_CONNS_H_
