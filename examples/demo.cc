// One handler, served and dialled over several networks in one process, and a
// table of how it went.
//
//   demo --networks=tcp,fake --clients=8 --size=1024
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/all.h"
#include "examples/echo_handler.h"
#include "examples/echo_load.h"
#include "examples/echo_table.h"
#include "examples/program.h"
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

std::string ListenAddress(const std::string& network) {
  if (network.rfind("unix", 0) == 0) return absl::StrCat("@demo-", getpid());
  return "127.0.0.1:0";
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
    examples::Tell(server.Serve(**listener, [](plumb::Conn& conn) {
      examples::Tell(examples::Echo(conn, 65536));
    }));
  });
  plumb::Event finished;
  std::atomic<uint64_t> done{0};
  const plumb::Fiber clients = plumb::Go([&] {
    report = examples::RunEchoLoad(registry, load, done);
    finished.Notify();
  });
  examples::WatchProgress(load, done, finished);
  clients.Join();
  server.Shutdown(absl::InfinitePast());
  serving.Join();
  return report;
}

int Run(const std::vector<std::string>& networks, examples::EchoLoad load) {
  int failed = 0;
  examples::PrintHeader();
  for (const std::string& network : networks) {
    load.network = network;
    load.address = "";
    const examples::EchoReport report = RunOver(load);
    examples::PrintRow(load, report);
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
