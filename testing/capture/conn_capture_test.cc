// The conformance suite of Conn, on Conns that a Capture sees both ends of.
#include <memory>
#include <utility>

#include "testing/capture/captured_backend_for_test.h"
#include "testing/conformance/conn.h"
#include "testing/decorated_conns_for_test.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {
namespace {

ConnDecorator Capturing() {
  return {"captured", [](std::shared_ptr<Transport> inner, Clock& clock) {
            return Captured(std::move(inner), clock);
          }};
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Tcp, DecoratedTcp(Capturing()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Fake, DecoratedFake(Capturing()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unix, DecoratedUnix(Capturing()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(UnixPacket,
                                   DecoratedUnixPacket(Capturing()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Udp, DecoratedUdp(Capturing()));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Unixgram, DecoratedUnixgram(Capturing()));

}  // namespace
}  // namespace plumb
