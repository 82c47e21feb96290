// The conformance suites of Transport, Listener and PacketConn, on a
// FaultTransport over IPv6, in a network of its own, where its multicast has a
// route.
#include <memory>

#include "backends/ip/interface_for_test.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"
#include "testing/fault/faulty_backend_for_test.h"

namespace plumb {
namespace {

std::shared_ptr<Transport> OnUdp(Clock& clock) {
  EXPECT_TRUE(RouteIpv6MulticastThrough("lo"));
  return MakeUdp(clock);
}

TransportBackend Tcp(const char* plan) {
  return Faulty(LikeTcp("tcp6"), &MakeTcp, plan);
}

TransportBackend Udp(const char* plan) {
  TransportBackend backend = Faulty(LikeUdp("udp6"), &OnUdp, plan);
  backend.multicast = true;
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp, Tcp(kNoRules));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(TcpJudged, Tcp(kJudged));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp, Udp(kNoRules));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(UdpJudged, Udp(kJudged));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp, Udp(kNoRules));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(UdpJudged, Udp(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp, Tcp(kNoRules));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(TcpJudged, Tcp(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp, Udp(kNoRules));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(UdpJudged, Udp(kJudged));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp, Udp(kNoRules));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(UdpJudged, Udp(kJudged));

}  // namespace
}  // namespace plumb
