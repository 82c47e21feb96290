#include <memory>

#include "backends/fake/fake.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"

namespace plumb {
namespace {

// A host on a network of its own.
std::shared_ptr<Transport> MakeHost(Clock& clock) {
  FakeNetworkOptions options;
  options.clock = &clock;
  return FakeNetwork(options).Host("host");
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
  backend.make_pair = [options](Clock& clock) {
    return DialAndAccept(*MakeHost(clock), options);
  };
  return backend;
}

ConnBackend UnixPacket() {
  ConnBackend backend = Connected("fake_unixpacket", "unixpacket", "");
  backend.abilities.messages = true;
  backend.abilities.data_before_reset = false;
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Fake,
                                   Connected("fake", "fake", "127.0.0.1:0"));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unix, Connected("fake_unix", "unix", ""));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixPacket, UnixPacket());

}  // namespace
}  // namespace plumb
