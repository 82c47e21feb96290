#include <string>

#include "backends/udp/udp.h"
#include "testing/conformance/ip_address_suite.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"

namespace plumb {
namespace {

TransportBackend Udp(const char* network, const char* free_address) {
  TransportBackend backend;
  backend.name = backend.network = network;
  backend.addr_network = "udp";
  backend.make = [](Clock& clock) { return MakeUdp(clock); };
  backend.free_address = [free_address] { return free_address; };
  backend.dial_kind = DialKind::kAsksNobody;
  backend.queued_are_reset = false;
  backend.accepted_by_datagram = true;
  backend.multicast = true;
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  backend.bad_dial_addresses = BadIpDialAddresses();
  backend.bad_listen_addresses = BadIpListenAddresses();
  return backend;
}

TransportBackend Udp4() { return Udp("udp4", "127.0.0.1:0"); }
TransportBackend Udp6() { return Udp("udp6", "[::1]:0"); }
TransportBackend AnyUdp() { return Udp("udp", "127.0.0.1:0"); }

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp4, Udp4());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp6, Udp6());
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp4, Udp4());
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp6, Udp6());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp4, Udp4());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp6, Udp6());
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp4, Udp4());
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp6, Udp6());
PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Udp, AnyUdp());

}  // namespace
}  // namespace plumb
