// The conformance suites of Transport, Listener and PacketConn, on a
// CaptureTransport. Of IPv6 they are in transport_capture_ip6_test.
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
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
  TransportBackend backend = LikeTcp("tcp4");
  backend.name = "captured:tcp4";
  backend.close_waits = true;
  backend.make = [](Clock& clock) { return Captured(MakeTcp(clock), clock); };
  return backend;
}

TransportBackend Fake() {
  TransportBackend backend = LikeTcp("fake");
  backend.name = "captured:fake";
  backend.close_waits = true;
  backend.make = [](Clock& clock) {
    FakeNetworkOptions options;
    options.clock = &clock;
    return Captured(FakeNetwork(options).Host("db"), clock);
  };
  return backend;
}

TransportBackend Udp() {
  TransportBackend backend = LikeUdp("udp4");
  backend.name = "captured:udp4";
  backend.close_waits = backend.multicast = true;
  backend.make = [](Clock& clock) { return Captured(MakeUdp(clock), clock); };
  return backend;
}

TransportBackend Unixgram() {
  TransportBackend backend = LikeUnixgram();
  backend.name = "captured:unixgram";
  backend.close_waits = backend.handles = true;
  backend.make = [](Clock& clock) { return Captured(MakeUnix(clock), clock); };
  return backend;
}

// "unix" or "unixpacket".
TransportBackend Stream(const char* network) {
  TransportBackend backend = LikeUnix(network);
  backend.name = absl::StrCat("captured:", network);
  backend.close_waits = true;
  backend.make = [](Clock& clock) { return Captured(MakeUnix(clock), clock); };
  return backend;
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
