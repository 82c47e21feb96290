// What a fake network costs to have: hosts, and connections that do nothing.
#include <malloc.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "benchmark/benchmark.h"
#include "transport/conn.h"
#include "transport/listener.h"

namespace plumb {
namespace {

// A host that many dial, and what came of that.
class Server {
 public:
  explicit Server(FakeNetwork& network)
      : listener_(network.Host("server")->Listen("tcp", ":80").value()) {}

  void Connect(FakeHost& client) {
    conns_.push_back(client.Dial("tcp", "server:80").value());
    conns_.push_back(listener_->Accept().value());
  }
  void Reserve(int connections) {
    conns_.reserve(2 * static_cast<size_t>(connections));
  }

 private:
  const std::unique_ptr<Listener> listener_;
  std::vector<std::unique_ptr<Conn>> conns_;
};

// That many hosts come into being, and each has a connection; what it takes to
// end them all is told beside that.
void BM_Hosts(benchmark::State& state) {
  const int hosts = static_cast<int>(state.range(0));
  absl::Duration ending;
  for (auto _ : state) {
    absl::Time connected;
    {
      const absl::Time start = absl::Now();
      FakeNetwork network;
      Server server(network);
      for (int i = 0; i < hosts; ++i) {
        server.Connect(*network.Host(absl::StrCat("host", i)));
      }
      connected = absl::Now();
      state.SetIterationTime(absl::ToDoubleSeconds(connected - start));
    }
    ending += absl::Now() - connected;
  }
  state.counters["end_ms"] = benchmark::Counter(
      absl::ToDoubleMilliseconds(ending), benchmark::Counter::kAvgIterations);
}
BENCHMARK(BM_Hosts)->Arg(10000)->UseManualTime()->Unit(benchmark::kMillisecond);

// The bytes of a connection between two hosts, both its ends, before the first
// Write.
void BM_IdleConnection(benchmark::State& state) {
  const int connections = static_cast<int>(state.range(0));
  double bytes = 0;
  for (auto _ : state) {
    FakeNetwork network;
    Server server(network);
    server.Reserve(connections);
    const std::shared_ptr<FakeHost> client = network.Host("client");
    const size_t before = mallinfo2().uordblks;
    for (int i = 0; i < connections; ++i) server.Connect(*client);
    bytes = static_cast<double>(mallinfo2().uordblks - before);
  }
  state.counters["bytes"] = bytes / connections;
}
BENCHMARK(BM_IdleConnection)->Arg(10000)->Iterations(1);

}  // namespace
}  // namespace plumb
