// What a capture costs a packet, with the ring full, so that each drops an old
// one: bazel run -c opt //testing/capture:capture_benchmark
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "benchmark/benchmark.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_observer.h"
#include "testing/capture/capture_transport.h"
#include "testing/capture/captured_conns.h"
#include "transport/conn.h"

namespace plumb {
namespace {

// Takes everything at once, so that the capture alone is measured.
class Sink final : public Conn {
 public:
  using Conn::SetDeadline;
  using Conn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    return buffer.size();
  }
  absl::Status Write(absl::Span<const absl::string_view>) override {
    return absl::OkStatus();
  }
  absl::Status WaitReadable() override { return absl::OkStatus(); }
  absl::Status CloseWrite() override { return absl::OkStatus(); }
  absl::Status Close() override { return absl::OkStatus(); }
  Addr LocalAddr() const override {
    return Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 9);
  }
  Addr RemoteAddr() const override {
    return Addr::Tcp(IpAddr::V4(10, 0, 0, 2), 80);
  }
  absl::Status SetDeadline(Direction, absl::Time) override {
    return absl::OkStatus();
  }
  void* Extension(absl::string_view) override { return nullptr; }
};

CaptureOptions SmallRing() {
  CaptureOptions options;
  options.max_bytes = size_t{1} << 20;
  return options;
}

void CountPackets(benchmark::State& state, const Capture& capture) {
  state.counters["time/packet"] = benchmark::Counter(
      static_cast<double>(capture.Counters().packets),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

// Writes of that many bytes.
void BM_Write(benchmark::State& state) {
  Capture capture(SmallRing());
  CaptureTransport host(std::shared_ptr<Transport>(), capture);  // makes host 0
  const auto conn =
      CaptureConn({capture.state(), 0, {}}, std::make_unique<Sink>(),
                  StreamEnd::kDialler, 0);
  const std::string data(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(conn->Write(data));
  }
  CountPackets(state, capture);
}
BENCHMARK(BM_Write)->Arg(64)->Arg(1460)->Arg(64 * 1024);

void BM_Read(benchmark::State& state) {
  Capture capture(SmallRing());
  CaptureTransport host(std::shared_ptr<Transport>(), capture);  // makes host 0
  const auto conn =
      CaptureConn({capture.state(), 0, {}}, std::make_unique<Sink>(),
                  StreamEnd::kDialler, 0);
  std::string buffer(static_cast<size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        conn->Read(absl::MakeSpan(&buffer[0], buffer.size())));
  }
  CountPackets(state, capture);
}
BENCHMARK(BM_Read)->Arg(64)->Arg(1460)->Arg(64 * 1024);

// A packet of a fake network, from being sent to being delivered, which so many
// rules delayed.
void BM_Observer(benchmark::State& state) {
  Capture capture(SmallRing());
  CaptureObserver observer(capture);
  const std::string data(static_cast<size_t>(state.range(0)), 'x');
  Packet packet;
  packet.source = Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 9);
  packet.destination = Addr::Tcp(IpAddr::V4(10, 0, 0, 2), 80);
  packet.source_host = "web";
  packet.destination_host = "db";
  packet.payload = data;
  const std::vector<PacketChange> changes(
      static_cast<size_t>(state.range(1)),
      {PacketChange::Kind::kDelayed, "a rule"});
  for (auto _ : state) {
    ++packet.id;
    observer.OnPacket({PacketEvent::Kind::kSent, packet, absl::Time(), ""});
    if (!changes.empty()) {
      observer.OnPacket({PacketEvent::Kind::kChanged, packet, absl::Time(), "",
                         false, changes});
    }
    observer.OnPacket(
        {PacketEvent::Kind::kDelivered, packet, absl::Time(), ""});
  }
  CountPackets(state, capture);
}
BENCHMARK(BM_Observer)
    ->ArgNames({"size", "rules"})
    ->ArgsProduct({{64, 1448}, {0, 1}});

}  // namespace
}  // namespace plumb
