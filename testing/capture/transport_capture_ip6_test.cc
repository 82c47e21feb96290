// The conformance suites of Transport, Listener and PacketConn, on a
// CaptureTransport over IPv6, in a network of its own, where its multicast has
// a route.
#include "backends/ip/interface_for_test.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "gtest/gtest.h"
#include "testing/capture/captured_backend_for_test.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_backend.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"
#include "transport/clock.h"

namespace plumb {
namespace {

TransportBackend Tcp() { return Captured(LikeTcp("tcp6"), &MakeTcp); }

TransportBackend Udp() {
  TransportBackend backend = Captured(LikeUdp("udp6"), [](Clock& clock) {
    EXPECT_TRUE(RouteIpv6MulticastThrough("lo"));
    return MakeUdp(clock);
  });
  backend.multicast = true;
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp, Tcp());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp, Tcp());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp, Udp());

}  // namespace
}  // namespace plumb
