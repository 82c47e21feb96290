// The conformance suite of Conn, on a FaultTransport: without rules, and with
// rules that never fire, so that everything is judged.
#include <memory>
#include <string>
#include <utility>

#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/udp/udp.h"
#include "backends/unix/unix.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"
#include "testing/fault/faulty_backend_for_test.h"
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

std::shared_ptr<Transport> Tcp(Clock& clock) { return MakeTcp(clock); }
std::shared_ptr<Transport> Udp(Clock& clock) { return MakeUdp(clock); }
std::shared_ptr<Transport> Unix(Clock& clock) { return MakeUnix(clock); }

ConnBackend Named(const char* plan, const std::string& network) {
  ConnBackend backend;
  backend.name = (*plan == '\0' ? "faulty_" : "judged_") + network;
  backend.network = network;
  backend.abilities.close_waits = true;
  return backend;
}

ConnBackend Stream(const char* plan, Make make, const PairOptions& options) {
  ConnBackend backend = Named(plan, options.network);
  backend.make_pair = [plan, make, options](Clock& clock) {
    return DialAndAccept(*Faulty(make(clock), plan, clock), options);
  };
  return backend;
}

ConnBackend TcpStream(const char* plan) {
  PairOptions options;
  options.network = "tcp4";
  options.address = "127.0.0.1:0";
  // Small ones, so that little is enough to fill them.
  options.dial.send_buffer = options.dial.receive_buffer = 64 * 1024;
  options.listen.send_buffer = options.listen.receive_buffer = 64 * 1024;
  ConnBackend backend = Stream(plan, &Tcp, options);
  backend.abilities.more_than_fits = 1024 * 1024;
  backend.abilities.peek = true;
  return backend;
}

ConnBackend FakeStream(const char* plan) {
  PairOptions options;
  options.network = "fake";
  options.address = "127.0.0.1:0";
  ConnBackend backend = Stream(plan, &MakeHost, options);
  backend.abilities.peek = true;
  return backend;
}

ConnBackend UnixStream(const char* plan) {
  PairOptions options;
  options.network = "unix";
  options.dial.local_address = "";
  ConnBackend backend = Stream(plan, &Unix, options);
  // What was taken in to be judged is not unread any more.
  backend.abilities.reset_on_unread = *plan == '\0';
  backend.abilities.peek = backend.abilities.handles = true;
  return backend;
}

ConnBackend UnixPacket(const char* plan) {
  PairOptions options;
  options.network = "unixpacket";
  options.dial.local_address = "";
  ConnBackend backend = Stream(plan, &Unix, options);
  // What was taken in to be judged is not unread any more.
  backend.abilities.reset_on_unread = *plan == '\0';
  backend.abilities.peek = backend.abilities.handles = true;
  backend.abilities.messages = true;
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

ConnBackend UdpDialled(const char* plan) {
  PairOptions options;
  options.network = "udp";
  options.address = "127.0.0.1:0";
  options.by_datagram = true;
  ConnBackend backend = Datagrams(Stream(plan, &Udp, options));
  backend.abilities.backpressure = backend.abilities.reliable = false;
  return backend;
}

ConnBackend UnixgramDialled(const char* plan) {
  ConnBackend backend = Datagrams(Named(plan, "unixgram"));
  backend.make_pair = [plan](Clock& clock) {
    return DialUnixgram(*Faulty(MakeUnix(clock), plan, clock));
  };
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Tcp, TcpStream(kNoRules));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(TcpJudged, TcpStream(kJudged));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Fake, FakeStream(kNoRules));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(FakeJudged, FakeStream(kJudged));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unix, UnixStream(kNoRules));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixJudged, UnixStream(kJudged));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixPacket, UnixPacket(kNoRules));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixPacketJudged, UnixPacket(kJudged));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Udp, UdpDialled(kNoRules));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UdpJudged, UdpDialled(kJudged));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unixgram, UnixgramDialled(kNoRules));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixgramJudged, UnixgramDialled(kJudged));

}  // namespace
}  // namespace plumb
