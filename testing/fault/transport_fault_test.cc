// The conformance suites of Transport, Listener and PacketConn, on a
// FaultTransport. Of unix streams and IPv6 they are in tests beside this one.
#include <memory>

#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"
#include "testing/fake_host_for_test.h"
#include "testing/fault/faulty_backend_for_test.h"

namespace plumb {
namespace {

TransportBackend Tcp(const char* plan) {
  return Faulty(LikeTcp("tcp4"), &MakeTcp, plan);
}

TransportBackend Fake(const char* plan) {
  return Faulty(LikeTcp("fake"), &MakeFakeHost, plan);
}

TransportBackend Udp(const char* plan) {
  TransportBackend backend = Faulty(LikeUdp("udp4"), &MakeUdp, plan);
  backend.multicast = true;
  return backend;
}

TransportBackend Unixgram(const char* plan) {
  TransportBackend backend = Faulty(LikeUnixgram(), &MakeUnix, plan);
  backend.handles = true;
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp, Tcp(kNoRules));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(TcpJudged, Tcp(kJudged));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Fake, Fake(kNoRules));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(FakeJudged, Fake(kJudged));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp, Udp(kNoRules));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(UdpJudged, Udp(kJudged));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp, Udp(kNoRules));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(UdpJudged, Udp(kJudged));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Unixgram, Unixgram(kNoRules));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(UnixgramJudged, Unixgram(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp, Tcp(kNoRules));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(TcpJudged, Tcp(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Fake, Fake(kNoRules));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(FakeJudged, Fake(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp, Udp(kNoRules));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(UdpJudged, Udp(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixgram, Unixgram(kNoRules));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(UnixgramJudged, Unixgram(kJudged));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp, Udp(kNoRules));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(UdpJudged, Udp(kJudged));

}  // namespace
}  // namespace plumb
