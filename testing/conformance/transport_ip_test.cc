// In a network of its own, as raw sockets hear every packet of their protocol.
#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/ip/ip.h"
#include "testing/conformance/packet_suite.h"
#include "testing/conformance/transport_suite.h"

namespace plumb {
namespace {

// Protocol 253 is for experiments (RFC 3692): nobody else answers to it. A
// socket hears what is sent to its address, so that each has one of its own.
TransportBackend Ip4() {
  TransportBackend backend;
  backend.name = backend.network = "ip4:253";
  backend.addr_network = "ip";
  backend.make = [](Clock& clock) { return MakeIp(clock); };
  backend.free_address = [] {
    static std::atomic<int> last{0};
    return absl::StrCat("127.0.0.", 2 + last++ % 200);
  };
  backend.listens = false;
  backend.dial_kind = DialKind::kAsksNobody;
  backend.nobody_there = NobodyThere::kLost;
  backend.ports = false;
  backend.exclusive = false;
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  backend.bad_dial_addresses = {
      {"", absl::StatusCode::kInvalidArgument, ": missing address"},
      {"127.0.0.01", absl::StatusCode::kNotFound,
       ": lookup 127.0.0.01: no such host"},
      {"::1", absl::StatusCode::kInvalidArgument,
       ": address ::1: no suitable address found"},
  };
  backend.bad_listen_addresses = {
      {"127.0.0.01", absl::StatusCode::kNotFound,
       ": lookup 127.0.0.01: no such host"},
      {"::1", absl::StatusCode::kInvalidArgument,
       ": address ::1: no suitable address found"},
  };
  return backend;
}

PLUMB_INSTANTIATE_PACKET_CONN_CONFORMANCE(Ip4, Ip4());
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Ip4, Ip4());

}  // namespace
}  // namespace plumb
