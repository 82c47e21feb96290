#include "testing/conformance/backend_kinds.h"

#include <atomic>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace plumb {
namespace {

// Other processes of the tests are on the same network, in a sandbox even with
// the same number.
std::string FreeName() {
  static const unsigned process = std::random_device()();
  static std::atomic<int> last{0};
  return absl::StrCat("@plumb-conformance-", process, "-", ++last);
}

}  // namespace

TransportBackend LikeTcp(absl::string_view network) {
  TransportBackend backend;
  backend.name = backend.network = std::string(network);
  const bool six = absl::EndsWith(network, "6");
  if (six || absl::EndsWith(network, "4")) network.remove_suffix(1);
  backend.addr_network = std::string(network);
  backend.free_address = [six] { return six ? "[::1]:0" : "127.0.0.1:0"; };
  backend.packets = false;
  backend.bad_dial_addresses = BadIpDialAddresses();
  backend.bad_listen_addresses = BadIpListenAddresses();
  return backend;
}

TransportBackend LikeUdp(absl::string_view network) {
  TransportBackend backend = LikeTcp(network);
  backend.packets = true;
  backend.dial_kind = DialKind::kAsksNobody;
  backend.queued_are_reset = false;
  backend.accepted_by_datagram = true;
  backend.unknown_dial_options = {"no_delay", "keep_alive"};
  backend.unknown_listen_options = {"no_delay", "keep_alive"};
  return backend;
}

TransportBackend LikeUnix(absl::string_view network) {
  TransportBackend backend;
  backend.name = backend.network = backend.addr_network = std::string(network);
  backend.free_address = FreeName;
  backend.packets = false;
  backend.ports = false;
  backend.diallers_have_addresses = false;
  backend.unknown_dial_options = {"no_delay", "keep_alive", "receive_buffer"};
  backend.unknown_listen_options = {"reuse_port", "no_delay", "keep_alive",
                                    "receive_buffer"};
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

TransportBackend LikeUnixgram() {
  TransportBackend backend = LikeUnix("unixgram");
  backend.listens = false;
  backend.packets = true;
  backend.dial_kind = DialKind::kFindsPeer;
  backend.wrong_network_cause = "address family not supported by protocol";
  backend.sender_waits = true;
  return backend;
}

}  // namespace plumb
