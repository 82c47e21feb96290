#include "examples/telemetry/collector.h"

#include "transport/error.h"

namespace examples {

absl::Status Collector::Handle(plumb::Conn& conn) {
  Report report;
  while (true) {
    const absl::Status read = plumb::ReadMessage(conn, &report, options_);
    if (plumb::IsEof(read)) return absl::OkStatus();
    if (!read.ok()) return read;
    Keep(report);

    Receipt receipt;
    receipt.set_sequence(report.sequence());
    const absl::Status written = plumb::WriteMessage(conn, receipt, options_);
    if (!written.ok()) return written;
  }
}

void Collector::Keep(const Report& report) {
  absl::MutexLock lock(&mutex_);
  latest_[report.source()] = report;
}

std::map<std::string, Report> Collector::Latest() const {
  absl::MutexLock lock(&mutex_);
  return latest_;
}

}  // namespace examples
