// One handler, served and dialled over several networks in one process, and a
// table of how it went.
//
//   demo --networks=tcp,fake --clients=8 --size=1024
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/all.h"
#include "examples/echo_handler.h"
#include "examples/echo_load.h"
#include "examples/program.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/fiber/dump_fibers_on_signal.h"
#include "transport/fiber/runtime.h"
#include "transport/server/on_fibers.h"
#include "transport/server/server.h"

ABSL_FLAG(std::vector<std::string>, networks,
          std::vector<std::string>({"tcp", "udp", "unix", "fake"}),
          "which networks to show");
ABSL_FLAG(int, clients, 4, "connections at the same time");
ABSL_FLAG(int, messages, 5000, "messages that each client sends");
ABSL_FLAG(int, size, 64, "bytes in a message, at most 65536, on udp 65507");

namespace {

constexpr char kRow[] = "%-10s %-24s %10s %12s %10s %10s %12s\n";

std::string ListenAddress(const std::string& network) {
  if (network.rfind("unix", 0) == 0) return absl::StrCat("@demo-", getpid());
  return "127.0.0.1:0";
}

void PrintHeader() {
  std::cout << absl::StreamFormat(kRow, "network", "address", "messages",
                                  "bytes", "p50", "p99", "messages/s");
}

void PrintRow(const examples::EchoLoad& load,
              const examples::EchoReport& report) {
  const auto micros = [](absl::Duration d) {
    return absl::StrFormat("%.1f us", absl::ToDoubleMicroseconds(d));
  };
  std::cout << absl::StreamFormat(
      kRow, load.network, load.address, absl::StrCat(report.messages),
      absl::StrCat(report.bytes), micros(report.p50), micros(report.p99),
      absl::StrFormat("%.0f", report.MessagesPerSecond()));
  std::cout.flush();
}

void Tell(const absl::Status& status) {
  if (status.ok() || plumb::IsCancelledCall(status)) return;
  examples::Complain(status.message());
}

// Shows on a terminal how far `done` has come until `finished`.
void WatchProgress(const examples::EchoLoad& load,
                   const std::atomic<uint64_t>& done, plumb::Event& finished) {
  const bool terminal = isatty(STDOUT_FILENO);
  const uint64_t all = uint64_t{1} * load.clients * load.messages;
  while (terminal &&
         !finished.WaitUntil(absl::Now() + absl::Milliseconds(100)).ok()) {
    std::cout << absl::StreamFormat("%-10s %-24s %d of %d\r", load.network,
                                    load.address, done.load(), all)
              << std::flush;
  }
}

examples::EchoReport RunOver(examples::EchoLoad& load) {
  plumb::Registry& registry = plumb::DefaultRegistry();
  examples::EchoReport report;
  absl::StatusOr<std::unique_ptr<plumb::Listener>> listener =
      registry.Listen(load.network, ListenAddress(load.network));
  if (!listener.ok()) {
    report.status = listener.status();
    return report;
  }
  load.address = (*listener)->Address().ToString();

  plumb::ServerOptions options;
  options.concurrency = plumb::OnFibers;
  plumb::Server server(options);
  const plumb::Fiber serving = plumb::Go([&] {
    Tell(server.Serve(**listener, [](plumb::Conn& conn) {
      Tell(examples::Echo(conn, 65536));
    }));
  });
  plumb::Event finished;
  std::atomic<uint64_t> done{0};
  const plumb::Fiber clients = plumb::Go([&] {
    report = examples::RunEchoLoad(registry, load, done);
    finished.Notify();
  });
  WatchProgress(load, done, finished);
  clients.Join();
  server.Shutdown(absl::InfinitePast());
  serving.Join();
  return report;
}

int Run(const std::vector<std::string>& networks, examples::EchoLoad load) {
  int failed = 0;
  PrintHeader();
  for (const std::string& network : networks) {
    load.network = network;
    load.address = "";
    const examples::EchoReport report = RunOver(load);
    PrintRow(load, report);
    if (!report.status.ok()) failed += examples::Fail(report.status);
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  examples::ParseFlags("Shows one handler over several networks.", argc, argv);
  examples::EchoLoad load;
  load.clients = absl::GetFlag(FLAGS_clients);
  load.messages = absl::GetFlag(FLAGS_messages);
  load.size = absl::GetFlag(FLAGS_size);
  const std::vector<std::string> networks = absl::GetFlag(FLAGS_networks);
  if (networks.empty()) {
    return examples::Fail(absl::InvalidArgumentError("--networks is empty"));
  }
  for (const std::string& network : networks) {
    load.network = network;
    const absl::Status valid = examples::CheckLoad(load);
    if (!valid.ok()) return examples::Fail(valid);
  }

  const plumb::DumpFibersOnSignal dump(SIGQUIT);
  return plumb::RunMain([&] { return Run(networks, load); });
}
