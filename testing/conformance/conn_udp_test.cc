#include <utility>

#include "backends/udp/udp.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"

namespace plumb {
namespace {

ConnBackend Udp(const char* name) {
  ConnBackend backend;
  backend.name = name;
  backend.network = "udp";
  ConnAbilities& abilities = backend.abilities;
  abilities.messages = abilities.empty_messages = true;
  abilities.end_of_stream = abilities.reset_on_unread = false;
  abilities.close_read = false;
  abilities.backpressure = abilities.reliable = false;
  return backend;
}

PairOptions Options() {
  PairOptions options;
  options.network = "udp";
  options.address = "127.0.0.1:0";
  options.by_datagram = true;
  return options;
}

ConnBackend Dialled() {
  ConnBackend backend = Udp("udp_dialled");
  backend.make_pair = [](Clock& clock) {
    return DialAndAccept(*MakeUdp(clock), Options());
  };
  backend.abilities.peek = true;
  backend.abilities.half_close = HalfClose::kNone;
  backend.abilities.write_to_gone = WriteToGone::kRefused;
  return backend;
}

ConnBackend Accepted() {
  ConnBackend backend = Udp("udp_accepted");
  backend.make_pair = [](Clock& clock) -> absl::StatusOr<ConnPair> {
    absl::StatusOr<ConnPair> pair = DialAndAccept(*MakeUdp(clock), Options());
    if (!pair.ok()) return pair;
    return Swapped(*std::move(pair));
  };
  backend.abilities.half_close = HalfClose::kLocal;
  backend.abilities.write_to_gone = WriteToGone::kLost;
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Dialled, Dialled());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Accepted, Accepted());

}  // namespace
}  // namespace plumb
