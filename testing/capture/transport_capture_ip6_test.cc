// The conformance suites of Transport, Listener and PacketConn, on a
// CaptureTransport over IPv6, in a network of its own, where its multicast has
// a route.
#include <memory>
#include <utility>

#include "backends/ip/interface_for_test.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_transport.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"

namespace plumb {
namespace {

std::shared_ptr<Transport> Captured(std::shared_ptr<Transport> inner,
                                    Clock& clock) {
  CaptureOptions options;
  options.clock = &clock;
  Capture capture(options);
  return std::make_shared<CaptureTransport>(std::move(inner), capture);
}

TransportBackend Tcp() {
  TransportBackend backend = LikeTcp("tcp6");
  backend.name = "captured:tcp6";
  backend.close_waits = true;
  backend.make = [](Clock& clock) { return Captured(MakeTcp(clock), clock); };
  return backend;
}

TransportBackend Udp() {
  TransportBackend backend = LikeUdp("udp6");
  backend.name = "captured:udp6";
  backend.close_waits = backend.multicast = true;
  backend.make = [](Clock& clock) {
    EXPECT_TRUE(RouteIpv6MulticastThrough("lo"));
    return Captured(MakeUdp(clock), clock);
  };
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
