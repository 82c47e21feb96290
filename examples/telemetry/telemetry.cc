// A collector and some reporters that send it figures, over a real network.
//
//   telemetry --network=unix --address=@telemetry --sources=5
#include <cstdint>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "backends/all.h"
#include "examples/program.h"
#include "examples/telemetry/collector.h"
#include "examples/telemetry/reporter.h"
#include "transport/server/server.h"

ABSL_FLAG(std::string, network, "tcp", "tcp, udp, unix, ...");
ABSL_FLAG(std::string, address, "127.0.0.1:0", "where the collector listens");
ABSL_FLAG(uint16_t, sources, 3, "how many reporters there are");
ABSL_FLAG(uint16_t, reports, 5, "how many times each reports");
ABSL_FLAG(absl::Duration, interval, absl::Milliseconds(20),
          "between two reports of a source");
ABSL_FLAG(uint32_t, max_bytes, 4096, "the longest report");

namespace {

using Reporters = std::vector<std::unique_ptr<examples::Reporter>>;

Reporters StartReporters(const plumb::Addr& address) {
  Reporters reporters;
  for (int i = 0; i < absl::GetFlag(FLAGS_sources); ++i) {
    examples::ReporterOptions options;
    options.source = absl::StrCat("source-", i);
    options.network = absl::GetFlag(FLAGS_network);
    options.address = address.ToString();
    options.interval = absl::GetFlag(FLAGS_interval);
    options.message.max_bytes = absl::GetFlag(FLAGS_max_bytes);
    reporters.push_back(std::make_unique<examples::Reporter>(
        plumb::DefaultRegistry(), options));
    reporters.back()->Set("number", i);
  }
  return reporters;
}

void Print(const examples::Collector& collector) {
  for (const auto& [source, report] : collector.Latest()) {
    std::cout << absl::StreamFormat("%s: %d reports, number=%g\n", source,
                                    report.sequence(),
                                    report.values().at("number"));
  }
}

}  // namespace

int main(int argc, char** argv) {
  examples::ParseFlags("Collects figures from reporters.", argc, argv);
  absl::StatusOr<std::unique_ptr<plumb::Listener>> listener =
      plumb::Listen(absl::GetFlag(FLAGS_network), absl::GetFlag(FLAGS_address));
  if (!listener.ok()) return examples::Fail(listener.status());

  plumb::MessageOptions message;
  message.max_bytes = absl::GetFlag(FLAGS_max_bytes);
  examples::Collector collector(message);
  plumb::Server server;
  std::thread serving([&] {
    examples::Tell(server.Serve(**listener, [&](plumb::Conn& conn) {
      examples::Tell(collector.Handle(conn));
    }));
  });

  Reporters reporters = StartReporters((*listener)->Address());
  absl::Status status;
  for (const auto& reporter : reporters) {
    reporter->AwaitTries(absl::GetFlag(FLAGS_reports));
    status.Update(reporter->status());
  }
  reporters.clear();
  server.Shutdown(absl::InfinitePast());
  serving.join();
  Print(collector);
  return status.ok() ? 0 : examples::Fail(status);
}
