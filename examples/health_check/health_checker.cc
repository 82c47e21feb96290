#include "examples/health_check/health_checker.h"

#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "examples/start_thread.h"
#include "transport/buffered_reader.h"
#include "transport/error.h"
#include "transport/scope.h"

namespace examples {
namespace {

State StateOf(const absl::Status& status) {
  if (plumb::IsTimeout(status)) return State::kHanging;
  if (plumb::IsRefused(status)) return State::kRefused;
  if (plumb::IsEof(status)) return State::kClosed;
  // The stream ended within the line.
  if (absl::IsDataLoss(status)) return State::kClosed;
  return State::kFailed;
}

}  // namespace

absl::string_view StateName(State state) {
  switch (state) {
    case State::kHealthy:
      return "healthy";
    case State::kSlow:
      return "slow";
    case State::kHanging:
      return "hanging";
    case State::kRefused:
      return "refused";
    case State::kClosed:
      return "closed";
    case State::kFailed:
      return "failed";
  }
  return "";
}

HealthChecker::HealthChecker(plumb::Transport& transport, plumb::Clock& clock,
                             HealthOptions options)
    : transport_(transport), clock_(clock), options_(options) {}

Health HealthChecker::Check(const Target& target) const {
  const plumb::MonotonicNanos start = clock_.MonotonicNow();
  const absl::StatusOr<std::string> answer = Ask(target);

  Health health;
  health.target = target;
  health.took = absl::Nanoseconds(clock_.MonotonicNow() - start);
  if (answer.ok()) {
    const bool slow = health.took > options_.slow;
    health.state = slow ? State::kSlow : State::kHealthy;
    health.detail = *answer;
  } else {
    health.state = StateOf(answer.status());
    health.detail = std::string(answer.status().message());
  }
  return health;
}

absl::StatusOr<std::string> HealthChecker::Ask(const Target& target) const {
  plumb::DeadlineScope scope(options_.timeout, clock_);
  absl::StatusOr<std::unique_ptr<plumb::Conn>> conn =
      transport_.Dial(target.network, target.address);
  if (!conn.ok()) return conn.status();
  const absl::Status written = (*conn)->Write("ping\n");
  if (!written.ok()) return written;
  return plumb::BufferedReader(**conn).ReadLine();
}

std::vector<Health> HealthChecker::CheckAll(
    const std::vector<Target>& targets) const {
  std::vector<Health> healths(targets.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < targets.size(); ++i) {
    absl::StatusOr<std::thread> thread =
        StartThread([&, i] { healths[i] = Check(targets[i]); });
    if (thread.ok()) {
      threads.push_back(*std::move(thread));
    } else {
      healths[i].target = targets[i];
      healths[i].detail = std::string(thread.status().message());
    }
  }
  for (std::thread& thread : threads) thread.join();
  return healths;
}

std::string HealthTable(const std::vector<Health>& healths) {
  std::string table;
  absl::StrAppendFormat(&table, "%-8s %-24s %-8s %9s  %s\n", "network",
                        "address", "state", "took", "detail");
  for (const Health& health : healths) {
    absl::StrAppendFormat(
        &table, "%-8s %-24s %-8s %6.0f ms  %s\n", health.target.network,
        health.target.address, StateName(health.state),
        absl::ToDoubleMilliseconds(health.took), health.detail);
  }
  return table;
}

}  // namespace examples
