// An echo server for any network. Leaves cleanly on SIGINT and SIGTERM.
//
//   echo_server --network=unix --address=/tmp/echo.sock
#include <csignal>
#include <iostream>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "backends/all.h"
#include "examples/echo_handler.h"
#include "examples/program.h"
#include "examples/serve.h"
#include "transport/error.h"
#include "transport/scope.h"
#include "transport/stop_on_signal.h"

ABSL_FLAG(std::string, network, "tcp", "tcp, udp, unix, ...");
ABSL_FLAG(std::string, address, "127.0.0.1:9090", "where to listen");
ABSL_FLAG(std::string, concurrency, "thread",
          "what runs a connection: thread, one for each");
ABSL_FLAG(uint32_t, buffer, 16384, "bytes that a connection reads at a time");

int main(int argc, char** argv) {
  examples::ParseFlags("Sends back what it gets.", argc, argv);
  const std::string concurrency = absl::GetFlag(FLAGS_concurrency);
  if (concurrency != "thread") {
    return examples::Fail(absl::InvalidArgumentError(
        "--concurrency=" + concurrency + " is not known; there is thread"));
  }
  const size_t buffer = absl::GetFlag(FLAGS_buffer);
  if (buffer == 0) {
    return examples::Fail(
        absl::InvalidArgumentError("--buffer must be at least 1"));
  }

  plumb::StopOnSignal stop({SIGINT, SIGTERM});
  absl::StatusOr<std::unique_ptr<plumb::Listener>> listener =
      plumb::Listen(absl::GetFlag(FLAGS_network), absl::GetFlag(FLAGS_address));
  if (!listener.ok()) return examples::Fail(listener.status());
  const plumb::Addr address = (*listener)->Address();
  std::cout << "listening on " << address.network() << " " << address
            << std::endl;

  examples::Serve(**listener, stop.source(), [buffer](plumb::Conn& conn) {
    const absl::Status status = examples::Echo(conn, buffer);
    if (status.ok() || plumb::IsCancelledCall(status)) return;
    examples::Complain(status.message());
  });
  std::cout << "stopped\n";
}
