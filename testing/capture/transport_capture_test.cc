// The conformance suites of Transport, Listener and PacketConn, on a
// CaptureTransport. Of IPv6 they are in transport_capture_ip6_test.
#include <memory>

#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/capture/captured_backend_for_test.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_backend.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"
#include "testing/fake_host_for_test.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {
namespace {

TransportBackend Tcp() { return Captured(LikeTcp("tcp4"), &MakeTcp); }

TransportBackend Fake() { return Captured(LikeTcp("fake"), &MakeFakeHost); }

TransportBackend Udp() {
  TransportBackend backend = Captured(LikeUdp("udp4"), &MakeUdp);
  backend.multicast = true;
  return backend;
}

TransportBackend Unixgram() {
  TransportBackend backend = Captured(LikeUnixgram(), &MakeUnix);
  backend.handles = true;
  return backend;
}

// "unix" or "unixpacket".
TransportBackend Stream(const char* network) {
  return Captured(LikeUnix(network), &MakeUnix);
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp, Tcp());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Fake, Fake());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Unix, Stream("unix"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Unixpacket, Stream("unixpacket"));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Unixgram, Unixgram());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp, Tcp());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Fake, Fake());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unix, Stream("unix"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixpacket, Stream("unixpacket"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixgram, Unixgram());
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp, Udp());

}  // namespace
}  // namespace plumb
