// Many clients of an echo server: checks every echo, tells how long they took.
//
//   echo_client --network=unix --address=/tmp/echo.sock --clients=100
#include <atomic>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <string>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "backends/all.h"
#include "examples/echo_load.h"
#include "examples/program.h"
#include "transport/fiber/dump_fibers_on_signal.h"
#include "transport/fiber/runtime.h"

ABSL_FLAG(std::string, network, "tcp",
          "tcp, udp, with 4 or 6 for one family, unix, unixpacket or unixgram");
ABSL_FLAG(std::string, address, "127.0.0.1:9090", "where the server listens");
ABSL_FLAG(int, clients, 1, "connections at the same time");
ABSL_FLAG(int, messages, 1000, "messages that each client sends");
ABSL_FLAG(int, size, 64, "bytes in a message, at most 65536, on udp 65507");
ABSL_FLAG(absl::Duration, timeout, absl::Seconds(10),
          "for the dial, and for each message there and back");

int main(int argc, char** argv) {
  examples::ParseFlags("Checks and times an echo server.", argc, argv);
  examples::EchoLoad load;
  load.network = absl::GetFlag(FLAGS_network);
  load.address = absl::GetFlag(FLAGS_address);
  load.clients = absl::GetFlag(FLAGS_clients);
  load.messages = absl::GetFlag(FLAGS_messages);
  load.size = absl::GetFlag(FLAGS_size);
  load.timeout = absl::GetFlag(FLAGS_timeout);
  const absl::Status valid = examples::CheckLoad(load);
  if (!valid.ok()) return examples::Fail(valid);

  std::atomic<uint64_t> done{0};
  examples::EchoReport report;
  const plumb::DumpFibersOnSignal dump(SIGQUIT);
  plumb::RunMain([&] {
    report = examples::RunEchoLoad(plumb::DefaultRegistry(), load, done);
    return 0;
  });
  if (!report.status.ok()) return examples::Fail(report.status);
  std::cout << absl::StreamFormat(
      "%d messages, %.0f messages/s, p50 %.1f us, p99 %.1f us\n",
      report.messages, report.MessagesPerSecond(),
      absl::ToDoubleMicroseconds(report.p50),
      absl::ToDoubleMicroseconds(report.p99));
}
