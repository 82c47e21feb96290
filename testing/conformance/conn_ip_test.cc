// Raw IP, in a network of the test's own.

#include <memory>
#include <utility>

#include "backends/ip/ip.h"
#include "testing/conformance/conn.h"

namespace plumb {
namespace {

// A protocol for experiments, RFC 3692.
constexpr char kNetwork[] = "ip4:253";

absl::StatusOr<ConnPair> DialEachOther(Clock& clock) {
  const std::shared_ptr<Transport> transport = MakeIp(clock);
  DialOptions from_first, from_second;
  from_first.local_address = "127.0.0.1";
  from_second.local_address = "127.0.0.2";
  absl::StatusOr<std::unique_ptr<Conn>> near =
      transport->Dial(kNetwork, "127.0.0.2", from_first);
  if (!near.ok()) return near.status();
  absl::StatusOr<std::unique_ptr<Conn>> far =
      transport->Dial(kNetwork, "127.0.0.1", from_second);
  if (!far.ok()) return far.status();
  return ConnPair{*std::move(near), *std::move(far)};
}

ConnBackend RawIp() {
  ConnBackend backend;
  backend.name = "ip";
  backend.network = kNetwork;
  backend.make_pair = &DialEachOther;
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

PLUMB_INSTANTIATE_CONN_CONFORMANCE(RawIp, RawIp());

}  // namespace
}  // namespace plumb
