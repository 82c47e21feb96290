// The conformance suites of Transport, Listener and PacketConn, on a
// FaultTransport without rules, and with rules that never fire.
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"
#include "testing/fault/fault_transport.h"

namespace plumb {
namespace {

constexpr char kJudged[] = R"(
  rule { id: "never" active { from: "1000h" } partition {} }
)";

std::shared_ptr<Transport> Faulty(std::shared_ptr<Transport> inner,
                                  const char* plan, Clock& clock) {
  return *MakeFaultTransport(std::move(inner), plan, FaultTransportOptions(),
                             clock);
}

std::string Named(const char* plan, const char* network) {
  return absl::StrCat(*plan == '\0' ? "faulty:" : "judged:", network);
}

TransportBackend Tcp(const char* plan) {
  TransportBackend backend = LikeTcp("tcp4");
  backend.name = Named(plan, "tcp4");
  backend.close_waits = true;
  backend.make = [plan](Clock& clock) {
    return Faulty(MakeTcp(clock), plan, clock);
  };
  return backend;
}

TransportBackend Fake(const char* plan) {
  TransportBackend backend = LikeTcp("fake");
  backend.name = Named(plan, "fake");
  backend.close_waits = true;
  backend.make = [plan](Clock& clock) {
    FakeNetworkOptions options;
    options.clock = &clock;
    return Faulty(FakeNetwork(options).Host("db"), plan, clock);
  };
  return backend;
}

TransportBackend Udp(const char* plan) {
  TransportBackend backend = LikeUdp("udp4");
  backend.name = Named(plan, "udp4");
  backend.close_waits = backend.multicast = true;
  backend.make = [plan](Clock& clock) {
    return Faulty(MakeUdp(clock), plan, clock);
  };
  return backend;
}

TransportBackend Unixgram(const char* plan) {
  TransportBackend backend = LikeUnixgram();
  backend.name = Named(plan, "unixgram");
  backend.close_waits = backend.handles = true;
  backend.make = [plan](Clock& clock) {
    return Faulty(MakeUnix(clock), plan, clock);
  };
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp, Tcp(""));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(TcpJudged, Tcp(kJudged));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Fake, Fake(""));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(FakeJudged, Fake(kJudged));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp, Udp(""));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(UdpJudged, Udp(kJudged));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp, Udp(""));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(UdpJudged, Udp(kJudged));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Unixgram, Unixgram(""));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(UnixgramJudged, Unixgram(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp, Tcp(""));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(TcpJudged, Tcp(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Fake, Fake(""));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(FakeJudged, Fake(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp, Udp(""));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(UdpJudged, Udp(kJudged));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixgram, Unixgram(""));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(UnixgramJudged, Unixgram(kJudged));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp, Udp(""));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(UdpJudged, Udp(kJudged));

}  // namespace
}  // namespace plumb
