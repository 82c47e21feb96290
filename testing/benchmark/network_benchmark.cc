// What a fake network of many hosts costs: to have them all connected, and to
// keep their connections.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "backends/fake/fake.h"
#include "benchmark/benchmark.h"
#include "transport/conn.h"
#include "transport/listener.h"

namespace plumb {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::cerr << value.status() << "\n";
  std::abort();
}

// Each dials one server, which accepts it.
void BM_HostsConnect(benchmark::State& state) {
  for (auto _ : state) {
    FakeNetwork network;
    const auto listener = Must(network.Host("db")->Listen("tcp4", ":5432"));
    std::vector<std::unique_ptr<Conn>> conns;
    for (int64_t i = 0; i < state.range(0); ++i) {
      const auto host = network.Host(absl::StrCat("host", i));
      conns.push_back(Must(host->Dial("tcp4", "db:5432")));
      conns.push_back(Must(listener->Accept()));
    }
    state.PauseTiming();
    conns.clear();
    state.ResumeTiming();
  }
}
BENCHMARK(BM_HostsConnect)
    ->Arg(10000)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace plumb
