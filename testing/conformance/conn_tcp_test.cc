#include <string>

#include "backends/tcp/tcp.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"

namespace plumb {
namespace {

ConnBackend Tcp(const char* network, const char* address) {
  PairOptions options;
  options.network = network;
  options.address = address;
  // Small ones, so that little is enough to fill them.
  options.dial.send_buffer = options.dial.receive_buffer = 64 * 1024;
  options.listen.send_buffer = options.listen.receive_buffer = 64 * 1024;
  ConnBackend backend;
  backend.name = backend.network = network;
  backend.make_pair = [options](Clock& clock) {
    return DialAndAccept(*MakeTcp(clock), options);
  };
  backend.abilities.peek = true;
  backend.abilities.more_than_fits = 1024 * 1024;
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Tcp4, Tcp("tcp4", "127.0.0.1:0"));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Tcp6, Tcp("tcp6", "[::1]:0"));

}  // namespace
}  // namespace plumb
