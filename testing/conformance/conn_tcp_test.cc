#include <sys/socket.h>

#include <string>

#include "backends/tcp/tcp.h"
#include "testing/conformance/conn.h"
#include "testing/conformance/conn_pair.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {
namespace {

// An urgent byte, which is not a part of the stream.
absl::StatusOr<std::string> WriteUrgent(Conn& conn) {
  const int fd = Extension<NativeHandle>(conn)->Descriptor();
  if (send(fd, "!", 1, MSG_OOB | MSG_NOSIGNAL) == 1) return std::string();
  return absl::UnavailableError("send");
}

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
  backend.write_mark = &WriteUrgent;
  backend.abilities.peek = true;
  backend.abilities.more_than_fits = 1024 * 1024;
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Tcp4, Tcp("tcp4", "127.0.0.1:0"));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(Tcp6, Tcp("tcp6", "[::1]:0"));

}  // namespace
}  // namespace plumb
