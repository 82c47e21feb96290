#include "examples/telemetry/reporter.h"

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "transport/sleep.h"

namespace examples {

Reporter::Reporter(plumb::Transport& transport, ReporterOptions options,
                   plumb::Clock& clock)
    : transport_(transport), clock_(clock), options_(std::move(options)) {
  {
    absl::MutexLock lock(&mutex_);
    figures_.set_source(options_.source);
  }
  thread_ = std::thread([this] { Run(); });
}

Reporter::~Reporter() {
  stop_.Cancel();
  thread_.join();
}

void Reporter::Set(absl::string_view name, double value) {
  absl::MutexLock lock(&mutex_);
  (*figures_.mutable_values())[std::string(name)] = value;
}

absl::Status Reporter::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void Reporter::AwaitTries(uint64_t count) const {
  const auto enough = [this, count] {
    mutex_.AssertReaderHeld();
    return tries_ >= count;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&enough));
}

void Reporter::Run() {
  plumb::CancelScope scope(stop_);
  while (plumb::SleepFor(options_.interval, clock_).ok()) {
    const absl::Status sent = SendReport();
    if (!sent.ok()) conn_.reset();
    absl::MutexLock lock(&mutex_);
    ++tries_;
    status_ = sent;
    if (sent.ok()) figures_.set_sequence(figures_.sequence() + 1);
  }
}

absl::Status Reporter::SendReport() {
  plumb::DeadlineScope scope(options_.timeout, clock_);
  if (conn_ == nullptr) {
    absl::StatusOr<std::unique_ptr<plumb::Conn>> conn =
        transport_.Dial(options_.network, options_.address);
    if (!conn.ok()) return conn.status();
    conn_ = *std::move(conn);
  }
  const Report report = NextReport();
  absl::Status status = plumb::WriteMessage(*conn_, report, options_.message);
  if (!status.ok()) return status;

  Receipt receipt;
  status = plumb::ReadMessage(*conn_, &receipt, options_.message);
  if (!status.ok()) return status;
  if (receipt.sequence() == report.sequence()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("receipt ", receipt.sequence(),
                                          " for report ", report.sequence()));
}

Report Reporter::NextReport() const {
  absl::MutexLock lock(&mutex_);
  Report report = figures_;
  report.set_sequence(figures_.sequence() + 1);
  return report;
}

}  // namespace examples
