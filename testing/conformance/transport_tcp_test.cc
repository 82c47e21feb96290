#include <string>

#include "backends/tcp/tcp.h"
#include "testing/conformance/ip_address_suite.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/transport_suite.h"

namespace plumb {
namespace {

TransportBackend Tcp(const char* network, const char* free_address) {
  TransportBackend backend;
  backend.name = backend.network = network;
  backend.addr_network = "tcp";
  backend.make = [](Clock& clock) { return MakeTcp(clock); };
  backend.free_address = [free_address] { return free_address; };
  backend.packets = false;
  backend.bad_dial_addresses = BadIpDialAddresses();
  backend.bad_listen_addresses = BadIpListenAddresses();
  return backend;
}

TransportBackend Tcp4() { return Tcp("tcp4", "127.0.0.1:0"); }
TransportBackend Tcp6() { return Tcp("tcp6", "[::1]:0"); }
TransportBackend AnyTcp() { return Tcp("tcp", "127.0.0.1:0"); }

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp4, Tcp4());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp6, Tcp6());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp4, Tcp4());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp6, Tcp6());
PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Tcp, AnyTcp());

}  // namespace
}  // namespace plumb
