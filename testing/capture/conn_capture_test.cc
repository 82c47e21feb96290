// The conformance suite of Conn, on Conns that a Capture sees both ends of.
#include <memory>
#include <string>

#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/capture/captured_backend_for_test.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {
namespace {

std::shared_ptr<Transport> MakeHost(Clock& clock) {
  FakeNetworkOptions options;
  options.clock = &clock;
  return FakeNetwork(options).Host("host");
}

using Make = std::shared_ptr<Transport> (*)(Clock& clock);

std::shared_ptr<Transport> Tcp(Clock& clock) {
  return Captured(MakeTcp(clock), clock);
}
std::shared_ptr<Transport> Udp(Clock& clock) {
  return Captured(MakeUdp(clock), clock);
}
std::shared_ptr<Transport> Unix(Clock& clock) {
  return Captured(MakeUnix(clock), clock);
}
std::shared_ptr<Transport> Fake(Clock& clock) {
  return Captured(MakeHost(clock), clock);
}

ConnBackend Named(const std::string& network) {
  ConnBackend backend;
  backend.name = "captured_" + network;
  backend.network = network;
  backend.abilities.close_waits = true;
  return backend;
}

ConnBackend Stream(Make make, const PairOptions& options) {
  ConnBackend backend = Named(options.network);
  backend.make_pair = [make, options](Clock& clock) {
    return DialAndAccept(*make(clock), options);
  };
  return backend;
}

ConnBackend TcpStream() {
  PairOptions options;
  options.network = "tcp4";
  options.address = "127.0.0.1:0";
  // Small ones, so that little is enough to fill them.
  options.dial.send_buffer = options.dial.receive_buffer = 64 * 1024;
  options.listen.send_buffer = options.listen.receive_buffer = 64 * 1024;
  ConnBackend backend = Stream(&Tcp, options);
  backend.abilities.more_than_fits = 1024 * 1024;
  backend.abilities.peek = true;
  return backend;
}

ConnBackend FakeStream() {
  PairOptions options;
  options.network = "fake";
  options.address = "127.0.0.1:0";
  ConnBackend backend = Stream(&Fake, options);
  backend.abilities.peek = true;
  return backend;
}

ConnBackend UnixStream() {
  PairOptions options;
  options.network = "unix";
  options.dial.local_address = "";
  ConnBackend backend = Stream(&Unix, options);
  backend.abilities.peek = backend.abilities.handles = true;
  return backend;
}

ConnBackend UnixPacket() {
  PairOptions options;
  options.network = "unixpacket";
  options.dial.local_address = "";
  ConnBackend backend = Stream(&Unix, options);
  backend.abilities.messages = backend.abilities.peek = true;
  backend.abilities.handles = true;
  backend.abilities.data_before_reset = false;
  return backend;
}

ConnBackend Datagrams(ConnBackend backend) {
  ConnAbilities& abilities = backend.abilities;
  abilities.messages = abilities.empty_messages = true;
  abilities.end_of_stream = abilities.reset_on_unread = false;
  abilities.close_read = false;
  abilities.peek = true;
  abilities.half_close = HalfClose::kNone;
  abilities.write_to_gone = WriteToGone::kRefused;
  return backend;
}

ConnBackend UdpDialled() {
  PairOptions options;
  options.network = "udp";
  options.address = "127.0.0.1:0";
  options.by_datagram = true;
  ConnBackend backend = Datagrams(Stream(&Udp, options));
  backend.abilities.backpressure = backend.abilities.reliable = false;
  return backend;
}

ConnBackend UnixgramDialled() {
  ConnBackend backend = Datagrams(Named("unixgram"));
  backend.make_pair = [](Clock& clock) { return DialUnixgram(*Unix(clock)); };
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Tcp, TcpStream());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Fake, FakeStream());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unix, UnixStream());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixPacket, UnixPacket());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Udp, UdpDialled());
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unixgram, UnixgramDialled());

}  // namespace
}  // namespace plumb
