// The conformance suites of Transport and Listener, on a FaultTransport around
// unix sockets.
#include "backends/unix/unix.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/fault/faulty_backend_for_test.h"

namespace plumb {
namespace {

TransportBackend Stream(const char* network, const char* plan) {
  return Faulty(LikeUnix(network), &MakeUnix, plan);
}

TransportBackend Unix(const char* plan) { return Stream("unix", plan); }
TransportBackend Packet(const char* plan) { return Stream("unixpacket", plan); }

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Unix, Unix(kNoRules));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(UnixJudged, Unix(kJudged));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Packet, Packet(kNoRules));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(PacketJudged, Packet(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unix, Unix(kNoRules));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(UnixJudged, Unix(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Packet, Packet(kNoRules));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(PacketJudged, Packet(kJudged));

}  // namespace
}  // namespace plumb
