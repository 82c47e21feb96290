#include "examples/echo_table.h"

#include <unistd.h>

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace examples {
namespace {

constexpr char kRow[] = "%-10s %-24s %10s %12s %10s %10s %12s\n";

}  // namespace

void PrintHeader() {
  std::cout << absl::StreamFormat(kRow, "network", "address", "messages",
                                  "bytes", "p50", "p99", "messages/s");
}

void PrintRow(const EchoLoad& load, const EchoReport& report) {
  const auto micros = [](absl::Duration d) {
    return absl::StrFormat("%.1f us", absl::ToDoubleMicroseconds(d));
  };
  std::cout << absl::StreamFormat(
      kRow, load.network, load.address, absl::StrCat(report.messages),
      absl::StrCat(report.bytes), micros(report.p50), micros(report.p99),
      absl::StrFormat("%.0f", report.MessagesPerSecond()));
  std::cout.flush();
}

void WatchProgress(const EchoLoad& load, const std::atomic<uint64_t>& done,
                   plumb::Event& finished) {
  const bool terminal = isatty(STDOUT_FILENO);
  const uint64_t all = uint64_t{1} * load.clients * load.messages;
  while (terminal &&
         !finished.WaitUntil(absl::Now() + absl::Milliseconds(100)).ok()) {
    std::cout << absl::StreamFormat("%-10s %-24s %d of %d\r", load.network,
                                    load.address, done.load(), all)
              << std::flush;
  }
}

}  // namespace examples
