// What a backend of one's own has to keep, as the suites have it that the
// backends of Plumb pass themselves.
#include <atomic>
#include <cstdint>
#include <memory>

#include "backends/tcp/tcp.h"
#include "counting.h"
#include "testing/conformance/backend_kinds.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"
#include "testing/conformance/listener_suite.h"
#include "testing/conformance/transport_suite.h"

namespace {

std::shared_ptr<plumb::Transport> Make(plumb::Clock& clock) {
  return Counting(plumb::MakeTcp(clock),
                  std::make_shared<std::atomic<uint64_t>>(0));
}

plumb::ConnBackend Conns() {
  plumb::PairOptions pair;
  pair.network = "tcp4";
  pair.address = "127.0.0.1:0";
  // Small ones, so that little is enough to fill them.
  pair.dial.send_buffer = pair.dial.receive_buffer = 64 * 1024;
  pair.listen.send_buffer = pair.listen.receive_buffer = 64 * 1024;
  plumb::ConnBackend backend;
  backend.name = "counting";
  backend.network = "tcp4";
  backend.make_pair = [pair](plumb::Clock& clock) {
    return plumb::DialAndAccept(*Make(clock), pair);
  };
  // It lets no extension through.
  backend.abilities.close_read = false;
  backend.abilities.close_waits = true;
  return backend;
}
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Counting, Conns());

plumb::TransportBackend Transports() {
  plumb::TransportBackend backend = plumb::LikeTcp("tcp4");
  backend.name = "counting";
  backend.make = Make;
  backend.close_waits = true;
  return backend;
}
PLUMB_INSTANTIATE_TRANSPORT_CONFORMANCE(Counting, Transports());
PLUMB_INSTANTIATE_LISTENER_CONFORMANCE(Counting, Transports());

}  // namespace
