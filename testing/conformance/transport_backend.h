// What a backend says of itself, so that the conformance suites of Transport,
// Listener and PacketConn run on it. A test names it once for all of them:
//
//   plumb::TransportBackend Quic() {
//     plumb::TransportBackend backend;
//     backend.name = backend.network = backend.addr_network = "quic";
//     backend.make = [](plumb::Clock& clock) { return MakeQuic(clock); };
//     backend.free_address = [] { return "127.0.0.1:0"; };
//     backend.packets = false;
//     return backend;
//   }
//   PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Quic, Quic());
//   PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Quic, Quic());
//
// with the macros of transport_suite.h, listener_suite.h, udp_listener_suite.h,
// packet_suite.h, ip_address_suite.h and unix_path_suite.h.
//
// What a backend cannot do is not left out: the suites then assert the error or
// the behaviour that the headers in transport/ document for it.
#ifndef PLUMB_TESTING_CONFORMANCE_TRANSPORT_BACKEND_H_
#define PLUMB_TESTING_CONFORMANCE_TRANSPORT_BACKEND_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "testing/conformance/ids.h"
#include "testing/conformance/variant.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {

// What a Dial does at the other end.
enum class DialKind {
  kConnects,   // a Listener takes it, and it waits while the queue is full
  kFindsPeer,  // fails when nobody is there; nobody is told of it
  kAsksNobody  // succeeds
};

// What a Write to nobody comes to.
enum class NobodyThere {
  kRefused,  // a later Read or Write of a dialled Conn is refused
  kLost,     // nobody can tell
};

// An address that does not work, and what is said of it.
struct BadAddress {
  std::string address;
  absl::StatusCode code;
  std::string text;  // of the error, without "dial tcp" or "listen tcp"
};

struct TransportBackend {
  std::string name;          // in the tables
  std::string network;       // as errors name it: "tcp4"
  std::string addr_network;  // as addresses name it: "tcp"

  // A Transport whose deadlines are on `clock`, which outlives it.
  std::function<std::shared_ptr<Transport>(Clock& clock)> make;

  // An address where nobody is, to listen at: another one with each call, or
  // one with port 0.
  std::function<std::string()> free_address;

  bool listens = true;  // it has Listen
  bool packets = true;  // it has ListenPacket
  DialKind dial_kind = DialKind::kConnects;
  NobodyThere nobody_there = NobodyThere::kRefused;

  // Addresses have ports, of which 0 is a free one.
  bool ports = true;
  // A dialler has an address without asking for one.
  bool diallers_have_addresses = true;
  // No two sockets can have the same address.
  bool exclusive = true;
  // A Conn that nobody accepted is reset when the Listener closes; otherwise
  // what it has written is lost.
  bool queued_are_reset = true;
  // An accepted Conn comes into being with the dialler's first Write; there is
  // no end of the stream.
  bool accepted_by_datagram = false;

  // Of unix: where files can be made.
  std::string directory;

  // The options, beside one that nobody knows, that are not honoured; a
  // ListenPacket honours no backlog either.
  std::vector<std::string> unknown_dial_options;
  std::vector<std::string> unknown_listen_options;

  std::vector<BadAddress> bad_dial_addresses;
  std::vector<BadAddress> bad_listen_addresses;  // for ListenPacket as well

  // An address of the right network that is not `addr_network`'s cannot be sent
  // to; this is the cause.
  std::string wrong_network_cause = "invalid argument";
  // A full receiver makes the sender wait.
  bool sender_waits = false;
  // It is a decorator: Close waits until all calls have left it.
  bool close_waits = false;
  // PacketConns answer for PacketHandlePassing.
  bool handles = false;
  // PacketConns answer for MulticastControl, and what is sent to a group
  // through "lo" goes there. Over IPv6 Linux needs a route for this:
  // RouteIpv6MulticastThrough("lo") of backends/ip/interface_for_test.h.
  bool multicast = false;
};

// The addresses of "host:port" that are bad everywhere.
std::vector<BadAddress> BadIpDialAddresses();
std::vector<BadAddress> BadIpListenAddresses();

// For the macros.
struct TransportParam {
  std::shared_ptr<const TransportBackend> backend;
  Variant variant;
};
std::ostream& operator<<(std::ostream& out, const TransportParam& param);
// Requires the ids of `kind`.
std::vector<TransportParam> TransportParams(TransportBackend backend,
                                            Kind kind);
std::string TransportParamName(
    const ::testing::TestParamInfo<TransportParam>& info);

}  // namespace plumb

// `Suite` is the fixture's class, `Name` a part of the tests' names.
#define PLUMB_INSTANTIATE_SUITE_ON_TRANSPORT_(Suite, Name, backend, kind) \
  using ::plumb::Suite;                                                   \
  INSTANTIATE_TEST_SUITE_P(                                               \
      Name, Suite,                                                        \
      ::testing::ValuesIn(::plumb::TransportParams(backend, kind)),       \
      ::plumb::TransportParamName)

#endif  // PLUMB_TESTING_CONFORMANCE_TRANSPORT_BACKEND_H_
