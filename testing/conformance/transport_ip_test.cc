// In a network of its own, as raw sockets hear every packet of their protocol.
#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/ip/ip.h"
#include "backends/ip/private_network_for_test.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"

namespace plumb {
namespace {

// Protocol 253 is for experiments (RFC 3692): nobody else answers to it. A
// socket hears what is sent to its address, so that each has one of its own.
TransportBackend RawIp(const char* network, const char* other_family) {
  TransportBackend backend;
  backend.name = backend.network = network;
  backend.addr_network = "ip";
  backend.make = [](Clock& clock) { return MakeIp(clock); };
  backend.listens = false;
  backend.dial_kind = DialKind::kAsksNobody;
  backend.nobody_there = NobodyThere::kLost;
  backend.ports = false;
  backend.exclusive = false;
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  backend.unknown_listen_options = {"reuse_port", "no_delay", "keep_alive"};
  backend.bad_listen_addresses = {
      {"127.0.0.01", absl::StatusCode::kNotFound,
       ": lookup 127.0.0.01: no such host"},
      {other_family, absl::StatusCode::kInvalidArgument,
       absl::StrCat(": address ", other_family, ": no suitable address found")},
  };
  backend.bad_dial_addresses = backend.bad_listen_addresses;
  backend.bad_dial_addresses.push_back(
      {"", absl::StatusCode::kInvalidArgument, ": missing address"});
  return backend;
}

TransportBackend Ip4() {
  TransportBackend backend = RawIp("ip4:253", "::1");
  backend.free_address = [] {
    static std::atomic<int> last{0};
    return absl::StrCat("127.0.0.", 2 + last++ % 200);
  };
  return backend;
}

TransportBackend Ip6() {
  TransportBackend backend = RawIp("ip6:253", "127.0.0.1");
  backend.free_address = [] {
    static std::atomic<int> last{0};
    const std::string address = absl::StrCat("fd00::", 100 + last++ % 200);
    EXPECT_TRUE(AddLoopbackAddress(address.c_str()));
    return address;
  };
  return backend;
}

PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Ip4, Ip4());
PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Ip6, Ip6());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Ip4, Ip4());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Ip6, Ip6());

}  // namespace
}  // namespace plumb
