#include "backends/tcp/tcp.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/ip_address_suite.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/transport_suite.h"

namespace plumb {
namespace {

TransportBackend Tcp(const char* network) {
  TransportBackend backend = LikeTcp(network);
  backend.make = [](Clock& clock) { return MakeTcp(clock); };
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp4, Tcp("tcp4"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp6, Tcp("tcp6"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp4, Tcp("tcp4"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp6, Tcp("tcp6"));
PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Tcp, Tcp("tcp"));

}  // namespace
}  // namespace plumb
