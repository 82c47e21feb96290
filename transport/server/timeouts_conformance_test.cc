// A connection with timeouts is a Conn like any other.
#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "testing/conformance/conn.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/pipe.h"
#include "transport/server/idle_timeout.h"
#include "transport/server/request_timeout.h"

namespace plumb {
namespace {

ConnBackend BackendOfTimedPipes() {
  ConnBackend backend;
  backend.name = "timed_pipe";
  backend.network = "pipe";
  backend.make_pair = [](Clock& clock) {
    PipeOptions options;
    options.clock = &clock;
    auto [near, far] = Pipe(options);
    // Longer than anything that the suite waits for.
    const auto timed = [&clock](std::unique_ptr<Conn> conn) {
      return WithRequestTimeout(
          WithIdleTimeout(std::move(conn), absl::Hours(10000), clock),
          absl::Hours(10000), clock);
    };
    return ConnPair{timed(std::move(near)), timed(std::move(far))};
  };
  backend.abilities.close_waits = true;
  backend.abilities.reset_on_unread = false;
  backend.abilities.addresses = false;
  backend.abilities.more_than_fits = 256 * 1024;
  return backend;
}

PLUMB_INSTANTIATE_CONN_CONFORMANCE(TimedPipe, BackendOfTimedPipes());

}  // namespace
}  // namespace plumb
