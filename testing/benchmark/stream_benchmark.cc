// What a stream in memory costs between two fibers of one worker.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "benchmark/benchmark.h"
#include "testing/benchmark/on_fiber.h"
#include "transport/conn.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/pipe.h"

namespace plumb {
namespace {

using Ends = std::pair<std::unique_ptr<Conn>, std::unique_ptr<Conn>>;

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::cerr << status << "\n";
  std::abort();
}

Ends PipeEnds() { return Pipe(); }

Ends FakeEnds() {
  FakeNetwork network;
  auto listener = network.Host("server")->Listen("tcp", ":80");
  Check(listener.status());
  auto near = network.Host("client")->Dial("tcp", "server:80");
  Check(near.status());
  auto far = (*listener)->Accept();
  Check(far.status());
  return {*std::move(near), *std::move(far)};
}

void Echo(Conn& conn, size_t size) {
  std::vector<char> buffer(size);
  for (;;) {
    const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
    if (!n.ok()) return;
    Check(conn.Write(absl::string_view(buffer.data(), *n)));
  }
}

void BM_ThereAndBack(benchmark::State& state, Ends (*make)()) {
  const auto size = static_cast<size_t>(state.range(0));
  OnFiber([&] {
    const Ends ends = make();
    const Fiber peer = Go([&] { Echo(*ends.second, size); });
    std::vector<char> buffer(size);
    for (auto _ : state) {
      Check(ends.first->Write(buffer));
      Check(ReadFull(*ends.first, absl::MakeSpan(buffer)));
    }
    Check(ends.first->Close());
    peer.Join();
  });
}
BENCHMARK_CAPTURE(BM_ThereAndBack, pipe, &PipeEnds)
    ->Arg(64)
    ->Arg(65536)
    ->UseRealTime();
BENCHMARK_CAPTURE(BM_ThereAndBack, fake, &FakeEnds)
    ->Arg(64)
    ->Arg(65536)
    ->UseRealTime();

void BM_OneWay(benchmark::State& state, Ends (*make)()) {
  const auto size = static_cast<size_t>(state.range(0));
  OnFiber([&] {
    const Ends ends = make();
    const Fiber peer = Go([&] {
      std::vector<char> buffer(size);
      while (ends.second->Read(absl::MakeSpan(buffer)).ok()) {
      }
    });
    const std::vector<char> data(size);
    for (auto _ : state) Check(ends.first->Write(data));
    Check(ends.first->Close());
    peer.Join();
  });
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK_CAPTURE(BM_OneWay, pipe, &PipeEnds)->Arg(65536)->UseRealTime();
BENCHMARK_CAPTURE(BM_OneWay, fake, &FakeEnds)->Arg(65536)->UseRealTime();

}  // namespace
}  // namespace plumb
