// What each preset does to datagrams and to a stream, on a fake network whose
// time the test moves.
#include "testing/fault/fault_presets.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/fake/packet_observer.h"
#include "backends/fake/probes.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_plan.h"
#include "testing/fault/fault_policy.h"
#include "testing/fault/fault_support.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/packet_conn.h"

namespace plumb {
namespace {

TEST(FaultPresetsTest, AreValidEverywhereAndCanBePrinted) {
  FaultSetting fake;
  fake.targets = {FaultTarget::kFake};
  FaultSetting sockets;
  sockets.targets = {FaultTarget::kTcp, FaultTarget::kUdp, FaultTarget::kUnix};
  for (const FaultPlan& plan :
       {DatacenterPlan(), LanPlan(), WanPlan(), MobilePlan(), EvilPlan()}) {
    EXPECT_TRUE(ValidateFaultPlan(plan, fake).ok());
    EXPECT_TRUE(ValidateFaultPlan(plan, sockets).ok());
    const absl::StatusOr<FaultPlan> again = ParseFaultPlan(FaultPlanText(plan));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->SerializeAsString(), plan.SerializeAsString());
    for (const FaultRule& rule : plan.rule()) EXPECT_TRUE(rule.optional());
  }
}

// When each packet with bytes was sent, and each time that it came.
class Arrivals final : public PacketObserver {
 public:
  struct Datagram {
    absl::Time sent;
    std::vector<absl::Duration> after;
    bool lost = false;
    bool changed = false;
  };

  void OnPacket(const PacketEvent& event) override {
    if (event.packet.payload.empty()) return;
    Datagram& one = datagrams_[event.packet.id];
    if (event.kind == PacketEvent::Kind::kSent && one.sent == absl::Time()) {
      one.sent = event.time;
    }
    if (event.kind == PacketEvent::Kind::kDelivered) {
      one.after.push_back(event.time - one.sent);
    }
    one.lost |= event.kind == PacketEvent::Kind::kDropped;
    for (const PacketChange& change : event.changes) {
      one.changed |= change.kind == PacketChange::Kind::kCorrupted;
    }
  }
  const std::map<uint64_t, Datagram>& datagrams() const { return datagrams_; }

 private:
  std::map<uint64_t, Datagram> datagrams_;
};

// What a link does, in a few figures.
struct Preset {
  const char* name;
  FaultPlan (*plan)();
  // Of a datagram of a thousand bytes that is not late.
  absl::Duration least;
  absl::Duration most;
  // Of two thousand.
  int least_lost;
  int most_lost;
  int least_late;  // longer than `most`
  int most_late;
  int least_twice;
  int least_changed;
};

const Preset kPresets[] = {
    {"Datacenter", &DatacenterPlan, absl::Microseconds(45),
     absl::Microseconds(55), 0, 0, 0, 0, 0, 0},
    {"Lan", &LanPlan, absl::Microseconds(258), absl::Microseconds(358), 0, 0, 0,
     0, 0, 0},
    {"Wan", &WanPlan, absl::Microseconds(38080), absl::Microseconds(42080), 0,
     10, 0, 0, 0, 0},
    {"Mobile", &MobilePlan, absl::Microseconds(61600),
     absl::Microseconds(161600), 15, 70, 1, 40, 0, 0},
    {"Evil", &EvilPlan, absl::ZeroDuration(), absl::Milliseconds(500), 140, 260,
     120, 280, 120, 50},
};

// Takes what has come.
void Drain(PacketConn& socket) {
  char buffer[2000];
  auto* const probe = Extension<ConnProbe>(socket);
  while (probe->CanRead()) {
    ASSERT_THAT(socket.ReadFrom(absl::MakeSpan(buffer)), IsOk());
  }
}

class FaultPresetTest : public ::testing::TestWithParam<Preset> {
 protected:
  void Start(uint64_t seed) {
    FaultPlan plan = GetParam().plan();
    plan.set_seed(seed);
    FaultSetting setting;
    setting.targets = {FaultTarget::kFake};
    faults_ = *MakeFaults(plan, setting, clock_);
    FakeNetworkOptions options;
    options.clock = &clock_;
    options.policy = std::make_shared<FaultPolicy>(faults_);
    options.observer = arrivals_;
    network_ = std::make_unique<FakeNetwork>(options);
  }
  // A connection, whose handshake takes no time.
  void Connect() {
    for (const FaultCount& rule : faults_->Counts()) {
      ASSERT_THAT(faults_->Disable(rule.id), IsOk());
    }
    listener_ = *network_->Host("db")->Listen("tcp4", ":80");
    client_ = *network_->Host("web")->Dial("tcp4", "db:80");
    server_ = *listener_->Accept();
    for (const FaultCount& rule : faults_->Counts()) {
      ASSERT_THAT(faults_->Enable(rule.id), IsOk());
    }
  }

  ManualClock clock_;
  std::shared_ptr<Faults> faults_;
  const std::shared_ptr<Arrivals> arrivals_ = std::make_shared<Arrivals>();
  std::unique_ptr<FakeNetwork> network_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Conn> client_, server_;
};
INSTANTIATE_TEST_SUITE_P(Presets, FaultPresetTest,
                         ::testing::ValuesIn(kPresets),
                         [](const auto& one) { return one.param.name; });

TEST_P(FaultPresetTest, DatagramsComeWhenItSays) {
  const Preset& preset = GetParam();
  Start(1);
  const auto socket = *network_->Host("db")->ListenPacket("udp4", ":53");
  const auto client = *network_->Host("web")->Dial("udp4", "db:53");
  constexpr int kDatagrams = 2000;
  for (int i = 0; i < kDatagrams; ++i) {
    ASSERT_THAT(client->Write(std::string(1000, 'x')), IsOk());
    clock_.Advance(absl::Milliseconds(5));
    Drain(*socket);
  }
  clock_.Advance(absl::Seconds(10));
  int lost = 0, late = 0, twice = 0, changed = 0;
  for (const auto& [id, one] : arrivals_->datagrams()) {
    changed += one.changed ? 1 : 0;
    if (one.after.empty()) {
      EXPECT_TRUE(one.lost);
      ++lost;
      continue;
    }
    twice += one.after.size() > 1 ? 1 : 0;
    const absl::Duration first =
        *std::min_element(one.after.begin(), one.after.end());
    EXPECT_GE(first, preset.least);
    late += first > preset.most ? 1 : 0;
  }
  EXPECT_EQ(arrivals_->datagrams().size(), kDatagrams);
  EXPECT_GE(lost, preset.least_lost);
  EXPECT_LE(lost, preset.most_lost);
  EXPECT_GE(late, preset.least_late);
  EXPECT_LE(late, preset.most_late);
  EXPECT_GE(twice, preset.least_twice);
  EXPECT_EQ(twice > 0, preset.least_twice > 0);
  EXPECT_GE(changed, preset.least_changed);
  EXPECT_EQ(changed > 0, preset.least_changed > 0);
}

TEST_P(FaultPresetTest, AStreamComesWhole) {
  Start(1);
  Connect();
  std::string sent;
  for (int i = 0; i < 4000; ++i) absl::StrAppend(&sent, i, ";");
  ASSERT_THAT(client_->Write(sent), IsOk());
  ASSERT_THAT(client_->CloseWrite(), IsOk());
  const absl::Time start = clock_.TimeNow();
  clock_.Advance(absl::Seconds(5));
  std::string got(sent.size(), '\0');
  ASSERT_THAT(ReadFull(*server_, absl::MakeSpan(&got[0], got.size())), IsOk());
  EXPECT_EQ(got, sent);
  char byte[1];
  EXPECT_THAT(server_->Read(absl::MakeSpan(byte)).status(), IsEof());
  absl::Duration last;
  for (const auto& [id, one] : arrivals_->datagrams()) {
    ASSERT_EQ(one.after.size(), 1);
    EXPECT_GE(one.after[0], std::min(GetParam().least, absl::Microseconds(60)));
    last = std::max(last, one.sent + one.after[0] - start);
  }
  EXPECT_GE(last, GetParam().least);
  EXPECT_LE(last, absl::Seconds(1));
}

// A connection in a thousand segments is.
TEST(FaultPresetsTest, EvilResetsSomeStreamsAndSaysSo) {
  int resets = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    ManualClock clock;
    FaultPlan plan = EvilPlan();
    plan.set_seed(seed);
    FaultSetting setting;
    setting.targets = {FaultTarget::kFake};
    const auto faults = *MakeFaults(plan, setting, clock);
    ASSERT_THAT(faults->Disable("evil delay"), IsOk());
    FakeNetworkOptions options;
    options.clock = &clock;
    options.policy = std::make_shared<FaultPolicy>(faults);
    FakeNetwork network(options);
    const auto listener = *network.Host("db")->Listen("tcp4", ":80");
    const auto client = *network.Host("web")->Dial("tcp4", "db:80");
    const auto server = *listener->Accept();
    char bytes[100];
    absl::Status status;
    for (int i = 0; i < 50 && status.ok(); ++i) {
      status = client->Write("segment");
      if (status.ok()) status = server->Read(absl::MakeSpan(bytes)).status();
    }
    if (status.ok()) continue;
    ++resets;
    EXPECT_THAT(status, IsReset());
    EXPECT_EQ(GetErrorInfo(status)->injected_by, "evil reset");
  }
  EXPECT_GE(resets, 1);
  EXPECT_LE(resets, 8);
}

}  // namespace
}  // namespace plumb
