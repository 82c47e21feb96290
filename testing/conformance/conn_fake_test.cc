#include <fcntl.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "backends/fake/fake.h"
#include "backends/fake/packet_observer.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"
#include "testing/fake_host_for_test.h"
#include "transport/descriptor.h"
#include "transport/extension.h"
#include "transport/handle_passing.h"

namespace plumb {
namespace {

// A byte with a descriptor, which nobody wants.
absl::StatusOr<std::string> WriteHandle(Conn& conn) {
  const Descriptor handle(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const absl::Status status =
      Extension<HandlePassing>(conn)->WriteWithHandles("!", {handle.get()});
  if (!status.ok()) return status;
  return std::string("!");
}

ConnBackend Connected(const char* name, const char* network,
                      const char* address) {
  PairOptions options;
  options.network = network;
  options.address = address;
  if (*address == '\0') options.dial.local_address = "";
  ConnBackend backend;
  backend.name = name;
  backend.network = network;
  backend.abilities.peek = true;
  backend.abilities.handles = *address == '\0';
  if (backend.abilities.handles) backend.write_mark = &WriteHandle;
  backend.make_pair = [options](Clock& clock) {
    return DialAndAccept(*MakeFakeHost(clock), options);
  };
  return backend;
}

ConnBackend UnixPacket() {
  ConnBackend backend = Connected("fake_unixpacket", "unixpacket", "");
  backend.abilities.messages = true;
  backend.abilities.data_before_reset = false;
  return backend;
}

// What is seen goes as packets.
class Onlooker final : public PacketObserver {
  void OnPacket(const PacketEvent&) override {}
};

ConnBackend Observed(ConnBackend backend) {
  backend.name += "_observed";
  PairOptions options;
  options.network = backend.network;
  options.address = backend.network == "unix" ? "" : "127.0.0.1:0";
  if (backend.network == "unix") options.dial.local_address = "";
  backend.make_pair = [options](Clock& clock) {
    FakeNetworkOptions network;
    network.clock = &clock;
    network.observer = std::make_shared<Onlooker>();
    return DialAndAccept(*FakeNetwork(network).Host("host"), options);
  };
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Fake,
                                   Connected("fake", "fake", "127.0.0.1:0"));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unix, Connected("fake_unix", "unix", ""));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixPacket, UnixPacket());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(FakeObserved,
                                   Observed(Connected("fake", "fake",
                                                      "127.0.0.1:0")));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixObserved,
                                   Observed(Connected("fake_unix", "unix",
                                                      "")));

}  // namespace
}  // namespace plumb
