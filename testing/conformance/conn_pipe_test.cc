#include <utility>

#include "testing/conformance/conn.h"
#include "transport/clock.h"
#include "transport/pipe.h"

namespace plumb {
namespace {

ConnBackend BackendOfPipes(const char* name, size_t buffer) {
  ConnBackend backend;
  backend.name = name;
  backend.network = "pipe";
  backend.make_pair = [buffer](Clock& clock) {
    PipeOptions options;
    options.buffer = buffer;
    options.clock = &clock;
    auto [near, far] = Pipe(options);
    return ConnPair{std::move(near), std::move(far)};
  };
  backend.abilities.reset_on_unread = false;
  backend.abilities.addresses = false;
  backend.abilities.more_than_fits = 256 * 1024;
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(Pipe, BackendOfPipes("pipe", 64 * 1024));
PLUMB_INSTANTIATE_CONN_CONFORMANCE(SmallPipe,
                                   BackendOfPipes("pipe_small", 8 * 1024));

}  // namespace
}  // namespace plumb
