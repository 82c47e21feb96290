#include <memory>
#include <utility>

#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"
#include "testing/fake_host_for_test.h"

namespace plumb {
namespace {

ConnBackend Datagrams(const char* name) {
  ConnBackend backend;
  backend.name = name;
  backend.network = "fakegram";
  ConnAbilities& abilities = backend.abilities;
  abilities.messages = abilities.empty_messages = true;
  abilities.end_of_stream = abilities.reset_on_unread = false;
  abilities.close_read = false;
  abilities.backpressure = abilities.reliable = false;
  return backend;
}

PairOptions DatagramOptions() {
  PairOptions options;
  options.network = "fakegram";
  options.address = "127.0.0.1:0";
  options.by_datagram = true;
  return options;
}

ConnBackend Dialled() {
  ConnBackend backend = Datagrams("fakegram_dialled");
  backend.make_pair = [](Clock& clock) {
    return DialAndAccept(*MakeFakeHost(clock), DatagramOptions());
  };
  backend.abilities.half_close = HalfClose::kNone;
  backend.abilities.write_to_gone = WriteToGone::kRefused;
  backend.abilities.peek = true;
  return backend;
}

ConnBackend Accepted() {
  ConnBackend backend = Datagrams("fakegram_accepted");
  backend.make_pair = [](Clock& clock) -> absl::StatusOr<ConnPair> {
    absl::StatusOr<ConnPair> pair =
        DialAndAccept(*MakeFakeHost(clock), DatagramOptions());
    if (!pair.ok()) return pair;
    return Swapped(*std::move(pair));
  };
  backend.abilities.half_close = HalfClose::kLocal;
  backend.abilities.write_to_gone = WriteToGone::kLost;
  return backend;
}

ConnBackend Unixgram() {
  ConnBackend backend = Datagrams("fake_unixgram");
  backend.network = "unixgram";
  backend.make_pair = [](Clock& clock) {
    return DialUnixgram(*MakeFakeHost(clock));
  };
  backend.abilities.backpressure = backend.abilities.reliable = true;
  backend.abilities.half_close = HalfClose::kNone;
  backend.abilities.write_to_gone = WriteToGone::kRefused;
  backend.abilities.peek = true;
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Dialled, Dialled());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Accepted, Accepted());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unixgram, Unixgram());

}  // namespace
}  // namespace plumb
