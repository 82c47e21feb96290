#include "examples/echo_load.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "transport/fiber/fiber_group.h"
#include "transport/io.h"

namespace examples {
namespace {

// Bytes that differ from client to client and from message to message.
void Fill(int client, int number, std::string& message) {
  for (size_t i = 0; i < message.size(); ++i) {
    message[i] = static_cast<char>(31 * client + 7 * number + i);
  }
}

absl::Status Exchange(plumb::Conn& conn, const std::string& message,
                      std::string& echo) {
  absl::Status status = conn.Write(message);
  if (!status.ok()) return status;
  status = plumb::ReadFull(conn, absl::MakeSpan(&echo[0], echo.size()));
  if (!status.ok()) return status;
  if (echo == message) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat(conn.RemoteAddr().ToString(), " sent back other bytes"));
}

absl::Status RunClient(plumb::Transport& transport, const EchoLoad& load,
                       int number, std::atomic<uint64_t>& done,
                       std::vector<absl::Duration>& latencies) {
  plumb::DialOptions options;
  options.timeout = load.timeout;
  // A name that the system chooses: a client without one cannot be answered.
  if (load.network == "unixgram") options.local_address = "";
  absl::StatusOr<std::unique_ptr<plumb::Conn>> conn =
      transport.Dial(load.network, load.address, options);
  if (!conn.ok()) return conn.status();

  std::string message(load.size, '\0');
  std::string echo(load.size, '\0');
  latencies.reserve(load.messages);
  for (int i = 0; i < load.messages; ++i) {
    Fill(number, i, message);
    const absl::Time start = absl::Now();
    absl::Status status = (*conn)->SetDeadline(start + load.timeout);
    if (status.ok()) status = Exchange(**conn, message, echo);
    if (!status.ok()) return status;
    latencies.push_back(absl::Now() - start);
    done.fetch_add(1, std::memory_order_relaxed);
  }
  return absl::OkStatus();
}

// The value that `share` of `values` do not exceed; reorders them.
absl::Duration Percentile(std::vector<absl::Duration>& values, double share) {
  if (values.empty()) return absl::ZeroDuration();
  const auto at =
      values.begin() + static_cast<ptrdiff_t>(share * (values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace

absl::Status CheckLoad(const EchoLoad& load) {
  const auto check = [](const char* flag, int value, int max) {
    if (value >= 1 && value <= max) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat(flag, "=", value, " is not between 1 and ", max));
  };
  absl::Status status = check("--clients", load.clients, 10000);
  status.Update(check("--messages", load.messages, 100000000));
  // What a datagram over IPv4 holds.
  const bool udp = absl::StartsWith(load.network, "udp");
  status.Update(check("--size", load.size, udp ? 65507 : 65536));
  return status;
}

double EchoReport::MessagesPerSecond() const {
  return elapsed > absl::ZeroDuration()
             ? messages / absl::ToDoubleSeconds(elapsed)
             : 0;
}

EchoReport RunEchoLoad(plumb::Transport& transport, const EchoLoad& load,
                       std::atomic<uint64_t>& done) {
  std::vector<std::vector<absl::Duration>> clients(load.clients);
  const absl::Time start = absl::Now();
  EchoReport report;
  {
    plumb::FiberGroup group;
    for (int i = 0; i < load.clients; ++i) {
      group.Go(
          [&, i] { return RunClient(transport, load, i, done, clients[i]); });
    }
    report.status = group.Wait();
  }
  report.elapsed = absl::Now() - start;
  std::vector<absl::Duration> latencies;
  for (const std::vector<absl::Duration>& client : clients) {
    latencies.insert(latencies.end(), client.begin(), client.end());
  }
  report.messages = latencies.size();
  report.bytes = report.messages * load.size;
  report.p50 = Percentile(latencies, 0.50);
  report.p99 = Percentile(latencies, 0.99);
  return report;
}

}  // namespace examples
