#include "testing/decorated_conns_for_test.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/conformance/conn_pair.h"
#include "testing/fake_host_for_test.h"

namespace plumb {
namespace {

using Make = std::shared_ptr<Transport> (*)(Clock& clock);

ConnBackend Named(const ConnDecorator& decorator, const std::string& network) {
  ConnBackend backend;
  backend.name = absl::StrCat(decorator.name, "_", network);
  backend.network = network;
  backend.abilities.peek = true;
  backend.abilities.close_waits = true;
  return backend;
}

ConnBackend Accepted(const ConnDecorator& decorator, Make make,
                     const PairOptions& options) {
  ConnBackend backend = Named(decorator, options.network);
  backend.make_pair = [wrap = decorator.wrap, make, options](Clock& clock) {
    return DialAndAccept(*wrap(make(clock), clock), options);
  };
  return backend;
}

// Between abstract names that the kernel chooses.
ConnBackend OnUnix(const ConnDecorator& decorator, const char* network) {
  PairOptions options;
  options.network = network;
  options.dial.local_address = "";
  ConnBackend backend = Accepted(decorator, &MakeUnix, options);
  backend.abilities.handles = true;
  return backend;
}

ConnBackend Datagrams(ConnBackend backend) {
  ConnAbilities& abilities = backend.abilities;
  abilities.messages = abilities.empty_messages = true;
  abilities.end_of_stream = abilities.reset_on_unread = false;
  abilities.close_read = false;
  abilities.half_close = HalfClose::kNone;
  abilities.write_to_gone = WriteToGone::kRefused;
  return backend;
}

}  // namespace

ConnBackend DecoratedTcp(const ConnDecorator& decorator) {
  PairOptions options;
  options.network = "tcp4";
  options.address = "127.0.0.1:0";
  // Small ones, so that little is enough to fill them.
  options.dial.send_buffer = options.dial.receive_buffer = 64 * 1024;
  options.listen.send_buffer = options.listen.receive_buffer = 64 * 1024;
  ConnBackend backend = Accepted(decorator, &MakeTcp, options);
  backend.abilities.more_than_fits = 1024 * 1024;
  return backend;
}

ConnBackend DecoratedFake(const ConnDecorator& decorator) {
  PairOptions options;
  options.network = "fake";
  options.address = "127.0.0.1:0";
  return Accepted(decorator, &MakeFakeHost, options);
}

ConnBackend DecoratedUnix(const ConnDecorator& decorator) {
  return OnUnix(decorator, "unix");
}

ConnBackend DecoratedUnixPacket(const ConnDecorator& decorator) {
  ConnBackend backend = OnUnix(decorator, "unixpacket");
  backend.abilities.messages = true;
  backend.abilities.data_before_reset = false;
  return backend;
}

ConnBackend DecoratedUdp(const ConnDecorator& decorator) {
  PairOptions options;
  options.network = "udp";
  options.address = "127.0.0.1:0";
  options.by_datagram = true;
  ConnBackend backend = Datagrams(Accepted(decorator, &MakeUdp, options));
  backend.abilities.backpressure = backend.abilities.reliable = false;
  return backend;
}

ConnBackend DecoratedUnixgram(const ConnDecorator& decorator) {
  ConnBackend backend = Datagrams(Named(decorator, "unixgram"));
  backend.make_pair = [wrap = decorator.wrap](Clock& clock) {
    return DialUnixgram(*wrap(MakeUnix(clock), clock));
  };
  return backend;
}

}  // namespace plumb
