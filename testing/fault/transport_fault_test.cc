// The conformance suites of Transport, Listener and PacketConn, on a
// FaultTransport without rules, and with rules that never fire.
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

TransportBackend Ip(const char* network, const char* addr_network) {
  TransportBackend backend;
  backend.name = absl::StrCat("faulty:", network);
  backend.network = network;
  backend.addr_network = addr_network;
  backend.free_address = [] { return "127.0.0.1:0"; };
  backend.bad_dial_addresses = BadIpDialAddresses();
  backend.bad_listen_addresses = BadIpListenAddresses();
  return backend;
}

TransportBackend Tcp(const char* plan) {
  TransportBackend backend = Ip("tcp4", "tcp");
  backend.make = [plan](Clock& clock) {
    return Faulty(MakeTcp(clock), plan, clock);
  };
  backend.packets = false;
  return backend;
}

TransportBackend Fake(const char* plan) {
  TransportBackend backend = Ip("fake", "fake");
  backend.make = [plan](Clock& clock) {
    FakeNetworkOptions options;
    options.clock = &clock;
    return Faulty(FakeNetwork(options).Host("db"), plan, clock);
  };
  backend.packets = false;
  return backend;
}

TransportBackend Udp(const char* plan) {
  TransportBackend backend = Ip("udp4", "udp");
  backend.make = [plan](Clock& clock) {
    return Faulty(MakeUdp(clock), plan, clock);
  };
  backend.dial_kind = DialKind::kAsksNobody;
  backend.queued_are_reset = false;
  backend.accepted_by_datagram = true;
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  return backend;
}

TransportBackend Unixgram(const char* plan) {
  TransportBackend backend;
  backend.name = "faulty:unixgram";
  backend.network = backend.addr_network = "unixgram";
  backend.make = [plan](Clock& clock) {
    return Faulty(MakeUnix(clock), plan, clock);
  };
  backend.free_address = [] {
    static std::atomic<int> last{0};
    return absl::StrCat("@plumb-fault-", getpid(), "-", ++last);
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
