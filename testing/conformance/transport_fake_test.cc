#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/fake/fake.h"
#include "testing/conformance/ip_address_suite.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"
#include "testing/conformance/udp_listener_suite.h"
#include "testing/conformance/unix_path_suite.h"

namespace plumb {
namespace {

TransportBackend Fake(const char* network) {
  TransportBackend backend;
  backend.name = absl::StrCat("fake:", network);
  backend.network = backend.addr_network = network;
  backend.make = [](Clock& clock) {
    FakeNetworkOptions options;
    options.clock = &clock;
    return FakeNetwork(options).Host("db");
  };
  return backend;
}

TransportBackend Stream(const char* network) {
  TransportBackend backend = Fake(network);
  backend.free_address = [] { return "127.0.0.1:0"; };
  backend.packets = false;
  backend.bad_dial_addresses = BadIpDialAddresses();
  backend.bad_listen_addresses = BadIpListenAddresses();
  return backend;
}

TransportBackend Udp(const char* network) {
  TransportBackend backend = Stream(network);
  backend.packets = true;
  backend.multicast = true;
  backend.dial_kind = DialKind::kAsksNobody;
  backend.queued_are_reset = false;
  backend.accepted_by_datagram = true;
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  return backend;
}

TransportBackend Unix(const char* network) {
  TransportBackend backend = Fake(network);
  backend.free_address = [] {
    static std::atomic<int> last{0};
    return absl::StrCat("@free-", ++last);
  };
  backend.packets = false;
  backend.ports = false;
  backend.diallers_have_addresses = false;
  backend.directory = "/run";
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  backend.bad_dial_addresses = {
      {"", absl::StatusCode::kInvalidArgument, ": missing address"},
      {"/nonexistent/socket", absl::StatusCode::kNotFound,
       " /nonexistent/socket: connect: no such file or directory"},
  };
  const std::string long_name = "/run/" + std::string(103, 'x');
  backend.bad_listen_addresses = {
      {long_name, absl::StatusCode::kInvalidArgument,
       absl::StrCat(" ", long_name, ": bind: invalid argument")},
  };
  return backend;
}

TransportBackend Unixgram() {
  TransportBackend backend = Unix("unixgram");
  backend.listens = false;
  backend.packets = true;
  backend.dial_kind = DialKind::kFindsPeer;
  backend.wrong_network_cause = "address family not supported by protocol";
  backend.sender_waits = true;
  backend.handles = true;
  return backend;
}

PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Fake, Stream("fake"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Fakegram, Udp("fakegram"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Tcp, Stream("tcp"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Udp, Udp("udp"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Unix, Unix("unix"));
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Unixpacket, Unix("unixpacket"));

PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Fakegram, Udp("fakegram"));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Udp, Udp("udp"));
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Unixgram, Unixgram());

PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Fake, Stream("fake"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Fakegram, Udp("fakegram"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Tcp, Stream("tcp"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Udp, Udp("udp"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unix, Unix("unix"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixpacket, Unix("unixpacket"));
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Unixgram, Unixgram());

PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Fakegram, Udp("fakegram"));
PLUMB_INSTANTIATE_UDP_LISTENER_CONFORMANCE(Udp, Udp("udp"));

PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Tcp, Stream("tcp"));
PLUMB_INSTANTIATE_IP_ADDRESS_CONFORMANCE(Udp, Udp("udp"));

PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unix, Unix("unix"));
PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unixpacket, Unix("unixpacket"));
PLUMB_INSTANTIATE_UNIX_PATH_CONFORMANCE(Unixgram, Unixgram());

}  // namespace
}  // namespace plumb
