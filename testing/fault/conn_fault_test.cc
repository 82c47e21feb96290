// The conformance suite of Conn, on a FaultTransport: without rules, and with
// rules that never fire, so that everything is judged.
#include <memory>
#include <utility>

#include "testing/conformance/conn.h"
#include "testing/decorated_conns_for_test.h"
#include "testing/fault/faulty_backend_for_test.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {
namespace {

ConnDecorator Plan(const char* name, const char* plan) {
  return {name, [plan](std::shared_ptr<Transport> inner, Clock& clock) {
            return Faulty(std::move(inner), plan, clock);
          }};
}

ConnDecorator NoRules() { return Plan("faulty", kNoRules); }
ConnDecorator Judged() { return Plan("judged", kJudged); }

// What was taken in to be judged is not unread any more.
ConnBackend NoResetOnUnread(ConnBackend backend) {
  backend.abilities.reset_on_unread = false;
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Tcp, DecoratedTcp(NoRules()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(TcpJudged, DecoratedTcp(Judged()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Fake, DecoratedFake(NoRules()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(FakeJudged, DecoratedFake(Judged()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unix, DecoratedUnix(NoRules()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixJudged,
                                   NoResetOnUnread(DecoratedUnix(Judged())));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixPacket, DecoratedUnixPacket(NoRules()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(
    UnixPacketJudged, NoResetOnUnread(DecoratedUnixPacket(Judged())));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Udp, DecoratedUdp(NoRules()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UdpJudged, DecoratedUdp(Judged()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unixgram, DecoratedUnixgram(NoRules()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixgramJudged, DecoratedUnixgram(Judged()));

}  // namespace
}  // namespace plumb
