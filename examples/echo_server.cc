// An echo server for any network. Leaves cleanly on SIGINT and SIGTERM, and
// tells on SIGQUIT what its fibers wait for.
//
//   echo_server --network=unix --address=/tmp/echo.sock
//   echo_server --network=udp --packet
#include <csignal>
#include <iostream>
#include <memory>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/all.h"
#include "examples/echo_handler.h"
#include "examples/program.h"
#include "transport/error.h"
#include "transport/fiber/dump_fibers_on_signal.h"
#include "transport/fiber/runtime.h"
#include "transport/scope.h"
#include "transport/server/on_fibers.h"
#include "transport/server/server.h"
#include "transport/stop_on_signal.h"

ABSL_FLAG(
    std::string, network, "tcp",
    "tcp, udp, with 4 or 6 for one family, unix, unixpacket; unixgram with "
    "--packet");
ABSL_FLAG(std::string, address, "127.0.0.1:9090", "where to listen");
ABSL_FLAG(std::string, concurrency, "fiber",
          "what runs a connection: a fiber, or a thread");
ABSL_FLAG(uint16_t, threads, 0,
          "how many run the fibers; 0 for one for each processor");
ABSL_FLAG(uint32_t, buffer, 16384, "bytes that a connection reads at a time");
ABSL_FLAG(absl::Duration, idle_timeout, absl::InfiniteDuration(),
          "how long a connection may be silent");
ABSL_FLAG(absl::Duration, request_timeout, absl::InfiniteDuration(),
          "how long a message may wait for its answer");
ABSL_FLAG(uint32_t, max_connections, 100000,
          "how many connections are served at a time; the others wait");
ABSL_FLAG(bool, packet, false,
          "serves datagrams from anybody at one socket, without connections");

namespace {

bool OnFibers() { return absl::GetFlag(FLAGS_concurrency) == "fiber"; }

absl::Status CheckFlags() {
  const std::string concurrency = absl::GetFlag(FLAGS_concurrency);
  if (concurrency != "fiber" && concurrency != "thread") {
    return absl::InvalidArgumentError(
        absl::StrCat("--concurrency=", concurrency,
                     " is not known; there are fiber and thread"));
  }
  if (concurrency == "thread" && absl::GetFlag(FLAGS_threads) != 0) {
    return absl::InvalidArgumentError(
        "--threads is for fibers; --concurrency=thread has one for each "
        "connection");
  }
  if (absl::GetFlag(FLAGS_buffer) == 0) {
    return absl::InvalidArgumentError("--buffer must be at least 1");
  }
  if (absl::GetFlag(FLAGS_idle_timeout) <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--idle_timeout must be positive");
  }
  if (absl::GetFlag(FLAGS_request_timeout) <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("--request_timeout must be positive");
  }
  if (absl::GetFlag(FLAGS_max_connections) == 0) {
    return absl::InvalidArgumentError("--max_connections must be at least 1");
  }
  return absl::OkStatus();
}

void Announce(const plumb::Addr& address) {
  std::cout << "listening on " << address.network() << " " << address
            << std::endl;
}

void Pausing(const absl::Status& status, absl::Duration pause) {
  examples::Complain(absl::StrCat(status.message(), "; again in ",
                                  absl::FormatDuration(pause)));
}

// Until `stop` is cancelled.
absl::Status Serve(plumb::Listener& listener, const plumb::CancelSource& stop) {
  plumb::ServerOptions options;
  if (OnFibers()) options.concurrency = plumb::OnFibers;
  options.idle_timeout = absl::GetFlag(FLAGS_idle_timeout);
  options.request_timeout = absl::GetFlag(FLAGS_request_timeout);
  options.max_connections = absl::GetFlag(FLAGS_max_connections);
  options.on_accept_error = Pausing;
  plumb::Server server(options);
  const plumb::CancelScope scope(stop);
  return server.Serve(
      listener, [buffer = absl::GetFlag(FLAGS_buffer)](plumb::Conn& conn) {
        examples::Tell(examples::Echo(conn, buffer));
      });
}

absl::Status ServeConnections(const plumb::CancelSource& stop) {
  absl::StatusOr<std::unique_ptr<plumb::Listener>> listener =
      plumb::Listen(absl::GetFlag(FLAGS_network), absl::GetFlag(FLAGS_address));
  if (!listener.ok()) return listener.status();
  Announce((*listener)->Address());
  return Serve(**listener, stop);
}

absl::Status ServePackets(const plumb::CancelSource& stop) {
  absl::StatusOr<std::unique_ptr<plumb::PacketConn>> packets =
      plumb::ListenPacket(absl::GetFlag(FLAGS_network),
                          absl::GetFlag(FLAGS_address));
  if (!packets.ok()) return packets.status();
  Announce((*packets)->LocalAddr());
  const plumb::CancelScope scope(stop);
  return examples::EchoPackets(**packets, absl::GetFlag(FLAGS_buffer));
}

int Run() {
  const plumb::StopOnSignal stop({SIGINT, SIGTERM});
  const absl::Status status = absl::GetFlag(FLAGS_packet)
                                  ? ServePackets(stop.source())
                                  : ServeConnections(stop.source());
  if (!plumb::IsCancelledCall(status)) return examples::Fail(status);
  std::cout << "stopped\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  examples::ParseFlags("Sends back what it gets.", argc, argv);
  const absl::Status valid = CheckFlags();
  if (!valid.ok()) return examples::Fail(valid);
  if (!OnFibers()) return Run();
  const plumb::DumpFibersOnSignal dump(SIGQUIT);
  plumb::RuntimeOptions options;
  options.workers = absl::GetFlag(FLAGS_threads);
  return plumb::RunMain(options, Run);
}
