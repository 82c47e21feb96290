// Raw IP, in a network of the test's own.

#include <memory>
#include <utility>

#include "backends/ip/ip.h"
#include "backends/ip/private_network_for_test.h"
#include "testing/conformance/conn.h"

namespace plumb {
namespace {

// Protocol 253 is for experiments, RFC 3692.
absl::StatusOr<ConnPair> DialEachOther(Clock& clock, const char* network,
                                       const char* first, const char* second) {
  const std::shared_ptr<Transport> transport = MakeIp(clock);
  DialOptions from_first, from_second;
  from_first.local_address = first;
  from_second.local_address = second;
  absl::StatusOr<std::unique_ptr<Conn>> near =
      transport->Dial(network, second, from_first);
  if (!near.ok()) return near.status();
  absl::StatusOr<std::unique_ptr<Conn>> far =
      transport->Dial(network, first, from_second);
  if (!far.ok()) return far.status();
  return ConnPair{*std::move(near), *std::move(far)};
}

ConnBackend RawIp(const char* network, const char* first, const char* second) {
  ConnBackend backend;
  backend.name = backend.network = network;
  backend.make_pair = [=](Clock& clock) {
    return DialEachOther(clock, network, first, second);
  };
  ConnAbilities& abilities = backend.abilities;
  abilities.messages = abilities.empty_messages = true;
  abilities.end_of_stream = abilities.reset_on_unread = false;
  abilities.close_read = false;
  abilities.peek = true;
  abilities.backpressure = abilities.reliable = false;
  abilities.half_close = HalfClose::kNone;
  abilities.write_to_gone = WriteToGone::kLost;
  abilities.isolated = false;
  return backend;
}

ConnBackend RawIp4() { return RawIp("ip4:253", "127.0.0.1", "127.0.0.2"); }

// A second address, as the loopback has but one.
ConnBackend RawIp6() {
  ConnBackend backend = RawIp("ip6:253", "::1", "fd00::1");
  backend.make_pair = [make_pair = backend.make_pair](
                          Clock& clock) -> absl::StatusOr<ConnPair> {
    if (!AddLoopbackAddress("fd00::1")) {
      return absl::UnavailableError("no second address");
    }
    return make_pair(clock);
  };
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(RawIp4, RawIp4());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(RawIp6, RawIp6());

}  // namespace
}  // namespace plumb
