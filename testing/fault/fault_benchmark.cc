// What a plan costs a packet, judged at send and at landing, and what there is
// to pay without one:
// bazel run -c opt //testing/fault:fault_benchmark
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/packet.h"
#include "benchmark/benchmark.h"
#include "testing/fault/fault_context.h"
#include "testing/fault/fault_linger.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_policy.h"
#include "testing/fault/faults.h"
#include "testing/fault/faulty_packet_conn.h"
#include "testing/fault/make_faults.h"
#include "transport/addr.h"
#include "transport/direction.h"
#include "transport/ip_addr.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

// Each about another host, unless `one_host`; of each action in turn.
std::string Plan(int rules, bool one_host,
                 absl::Span<const char* const> actions) {
  std::string plan;
  for (int i = 0; i < rules; ++i) {
    const std::string match =
        absl::StrCat("match { to: 'db", one_host ? 0 : i / 5, "' } ");
    absl::StrAppend(&plan, "rule { id: 'rule ", i, "' ", match,
                    actions[i % actions.size()], " }\n");
  }
  return plan;
}

// Of each kind that may pass.
constexpr const char* kMixed[] = {
    "probability: 0.01 loss {}", "delay { min: '1ms' }",
    "probability: 0.01 duplicate {}", "off: true partition {}",
    "probability: 0.001 reset {}"};
constexpr const char* kChance[] = {"probability: 0.001 loss {}"};
constexpr const char* kBurst[] = {
    "loss { gilbert_elliott { p: 0.001 r: 0.1 } }"};
constexpr const char* kJitter[] = {"delay { min: '1ms' jitter: '1ms' }"};
constexpr const char* kRate[] = {"rate { bytes_per_second: 1000000000 }"};
constexpr const char* kHalfOpen[] = {"probability: 0.0000001 half_open {}"};

void Judge(benchmark::State& state, const std::string& plan) {
  absl::StatusOr<std::shared_ptr<Faults>> faults = MakeFaults(plan);
  if (!faults.ok())
    return state.SkipWithError(faults.status().ToString().c_str());
  FaultEnds ends;
  ends.from = {"web", Addr::Tcp(IpAddr::V4(10, 0, 0, 2), 32768)};
  ends.to = {"db0", Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 80)};
  FaultLink link(*faults, ends);
  FaultPacket packet;
  packet.size = 1448;
  const absl::Time now = (*faults)->start();
  for (auto _ : state) {
    packet.position += packet.size;
    benchmark::DoNotOptimize(link.AtSend(packet, now));
    benchmark::DoNotOptimize(link.AtLanding(packet, now));
  }
}

// Of these, five are about the packet's host.
void BM_Rules(benchmark::State& state) {
  Judge(state, Plan(static_cast<int>(state.range(0)), false, kMixed));
}
BENCHMARK(BM_Rules)->Arg(0)->Arg(5)->Arg(100)->Arg(1000);

// All are.
void BM_RulesOfOneHost(benchmark::State& state,
                       absl::Span<const char* const> actions) {
  Judge(state, Plan(100, true, actions));
}
BENCHMARK_CAPTURE(BM_RulesOfOneHost, mixed, kMixed);
BENCHMARK_CAPTURE(BM_RulesOfOneHost, chance, kChance);
BENCHMARK_CAPTURE(BM_RulesOfOneHost, half_open, kHalfOpen);
BENCHMARK_CAPTURE(BM_RulesOfOneHost, burst, kBurst);
BENCHMARK_CAPTURE(BM_RulesOfOneHost, jitter, kJitter);
BENCHMARK_CAPTURE(BM_RulesOfOneHost, rate, kRate);

// As a fake network asks: with its packets, of so many connections in turn.
void AskPolicy(benchmark::State& state, const std::string& plan,
               uint64_t connections) {
  absl::StatusOr<std::shared_ptr<Faults>> faults = MakeFaults(plan);
  if (!faults.ok()) return state.SkipWithError("the plan is wrong");
  FaultPolicy policy(*faults);
  Packet packet;
  packet.source_host = "web";
  packet.destination_host = "db0";
  packet.destination = Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 80);
  packet.flags = Packet::kAck;
  const std::string payload(1448, 'x');
  packet.payload = payload;
  const absl::Time now = (*faults)->start();
  std::vector<Addr> sources;
  for (uint64_t i = 0; i <= connections; ++i) {
    sources.push_back(
        Addr::Tcp(IpAddr::V4(10, 0, 0, 2), static_cast<uint16_t>(32768 + i)));
  }
  for (auto _ : state) {
    packet.flow = packet.flow % connections + 1;
    packet.source = sources[packet.flow];
    packet.offset += payload.size();
    benchmark::DoNotOptimize(policy.AtSend(packet, now));
    benchmark::DoNotOptimize(policy.AtLanding(packet, now));
  }
}

// The same as BM_Rules.
void BM_Policy(benchmark::State& state) {
  AskPolicy(state, Plan(static_cast<int>(state.range(0)), false, kMixed),
            static_cast<uint64_t>(state.range(1)));
}
BENCHMARK(BM_Policy)
    ->ArgNames({"rules", "connections"})
    ->ArgsProduct({{0, 100}, {1, 1000}});

// The same as BM_RulesOfOneHost.
void BM_PolicyOfOneHost(benchmark::State& state) {
  AskPolicy(state, Plan(100, true, kMixed),
            static_cast<uint64_t>(state.range(0)));
}
BENCHMARK(BM_PolicyOfOneHost)->ArgName("connections")->Arg(1)->Arg(1000);

// Gives datagrams of so many peers in turn.
class Peers final : public PacketConn {
 public:
  explicit Peers(int peers) {
    for (int i = 0; i < peers; ++i) {
      peers_.push_back(Addr::Udp(IpAddr::V4(10, 1, static_cast<uint8_t>(i >> 8),
                                            static_cast<uint8_t>(i)),
                                 4000));
    }
  }
  absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket> packets) override {
    for (InPacket& packet : packets) {
      packet.received.size = packet.received.full_size = packet.buffer.size();
      packet.received.from = peers_[next_];
      next_ = next_ + 1 == peers_.size() ? 0 : next_ + 1;
    }
    return packets.size();
  }
  absl::StatusOr<size_t> WriteBatch(
      absl::Span<const OutPacket> packets) override {
    return packets.size();
  }
  absl::Status Close() override { return absl::OkStatus(); }
  Addr LocalAddr() const override { return Addr::Udp(IpAddr(), 53); }
  absl::Status SetDeadline(Direction, absl::Time) override {
    return absl::OkStatus();
  }
  void* Extension(absl::string_view) override { return nullptr; }

 private:
  std::vector<Addr> peers_;
  size_t next_ = 0;
};

// A datagram that is read where there are no rules, of 64 in a batch.
void BM_ReadWithoutRules(benchmark::State& state) {
  FaultContext context;
  context.faults = *MakeFaults("");
  context.linger = std::make_shared<FaultLinger>();
  FaultyPacketConn conn(
      context, FaultNetwork::kUdp,
      std::make_unique<Peers>(static_cast<int>(state.range(0))));
  std::vector<InPacket> packets(64);
  for (auto _ : state) {
    benchmark::DoNotOptimize(conn.ReadBatch(absl::MakeSpan(packets)));
  }
  state.SetItemsProcessed(state.iterations() * 64);
}
BENCHMARK(BM_ReadWithoutRules)->ArgName("peers")->Arg(1)->Arg(1000);

}  // namespace
}  // namespace plumb
