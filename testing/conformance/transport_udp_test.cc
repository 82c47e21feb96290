// In a network of its own, where multicast over IPv6 can have a route.
#include "backends/ip/interface_for_test.h"
#include "backends/udp/udp.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/ip_address_suite.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"

namespace plumb {
namespace {

TransportBackend Udp(const char* network) {
  TransportBackend backend = LikeUdp(network);
  backend.make = [](Clock& clock) {
    EXPECT_TRUE(RouteIpv6MulticastThrough("lo"));
    return MakeUdp(clock);
  };
  backend.multicast = true;
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp4, Udp("udp4"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp6, Udp("udp6"));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp4, Udp("udp4"));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp6, Udp("udp6"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp4, Udp("udp4"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp6, Udp("udp6"));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp4, Udp("udp4"));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp6, Udp("udp6"));
PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Udp, Udp("udp"));

}  // namespace
}  // namespace plumb
