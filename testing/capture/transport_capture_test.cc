// The conformance suites of Transport, Listener and PacketConn, on a
// CaptureTransport.
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_transport.h"
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

TransportBackend Ip(const char* network, const char* addr_network) {
  TransportBackend backend;
  backend.name = absl::StrCat("captured:", network);
  backend.network = network;
  backend.addr_network = addr_network;
  backend.free_address = [] { return "127.0.0.1:0"; };
  backend.bad_dial_addresses = BadIpDialAddresses();
  backend.bad_listen_addresses = BadIpListenAddresses();
  return backend;
}

TransportBackend Tcp() {
  TransportBackend backend = Ip("tcp4", "tcp");
  backend.make = [](Clock& clock) { return Captured(MakeTcp(clock), clock); };
  backend.packets = false;
  return backend;
}

TransportBackend Fake() {
  TransportBackend backend = Ip("fake", "fake");
  backend.make = [](Clock& clock) {
    FakeNetworkOptions options;
    options.clock = &clock;
    return Captured(FakeNetwork(options).Host("db"), clock);
  };
  backend.packets = false;
  return backend;
}

TransportBackend Udp() {
  TransportBackend backend = Ip("udp4", "udp");
  backend.make = [](Clock& clock) { return Captured(MakeUdp(clock), clock); };
  backend.dial_kind = DialKind::kAsksNobody;
  backend.queued_are_reset = false;
  backend.accepted_by_datagram = true;
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  return backend;
}

TransportBackend Unixgram() {
  TransportBackend backend;
  backend.name = "captured:unixgram";
  backend.network = backend.addr_network = "unixgram";
  backend.make = [](Clock& clock) { return Captured(MakeUnix(clock), clock); };
  backend.free_address = [] {
    static std::atomic<int> last{0};
    return absl::StrCat("@plumb-capture-", getpid(), "-", ++last);
  };
  backend.ports = false;
  backend.diallers_have_addresses = false;
  backend.listens = false;
  backend.dial_kind = DialKind::kFindsPeer;
  backend.wrong_network_cause = "address family not supported by protocol";
  backend.sender_waits = true;
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  backend.bad_dial_addresses = {
      {"", absl::StatusCode::kInvalidArgument, ": missing address"},
  };
  backend.bad_listen_addresses = {
      {"/nonexistent/socket", absl::StatusCode::kNotFound,
       " /nonexistent/socket: bind: no such file or directory"},
  };
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp, Tcp());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Fake, Fake());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Unixgram, Unixgram());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp, Tcp());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Fake, Fake());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp, Udp());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixgram, Unixgram());
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp, Udp());

}  // namespace
}  // namespace plumb
