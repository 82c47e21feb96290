// The presets over sockets, whose time the test moves: what they are for comes,
// and what no call can do is refused.
#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_cell_fixture.h"
#include "testing/fault/fault_plan.pb.h"
#include "testing/fault/fault_presets.h"
#include "testing/fault/fault_transport.h"
#include "testing/fault/no_wait_scope.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/io.h"
#include "transport/scope.h"

namespace plumb {
namespace {

struct Preset {
  const char* name;
  FaultPlan (*plan)();
};
constexpr Preset kPresets[] = {{"Datacenter", &DatacenterPlan},
                               {"Lan", &LanPlan},
                               {"Wan", &WanPlan},
                               {"Mobile", &MobilePlan},
                               {"Evil", &EvilPlan}};

class FaultPresetOnSocketsTest : public FaultCellTest {
 protected:
  void Open(const Preset& preset) {
    near_ = nullptr;
    far_ = nullptr;
    auto made = MakeFaultTransport(inner_, preset.plan(),
                                   FaultTransportOptions(), clock_);
    ASSERT_THAT(made, IsOk());
    client_ = *std::move(made);
    // One in a thousand segments of tcp is reset, by ports that are chance.
    client_->faults().Disable("evil reset").IgnoreError();
    Listen();
    near_ = net().packets ? Unconnected() : *Dial();
    far_ = net().listens
               ? *listener_->Accept()
               : ConnOverPackets(std::move(packets_), near_->LocalAddr());
  }
  // Moves the time to whatever is waited for until `body` is done.
  void WhileTimePasses(std::function<void()> body) {
    std::atomic<bool> done{false};
    const auto task = Go([&] {
      body();
      done = true;
      // For who waits for one below.
      clock_.CallAt(clock_.MonotonicAfter(absl::Hours(1000)), [] {});
    });
    while (!done) {
      clock_.AwaitAlarms(1);
      if (!done) clock_.AdvanceToNextAlarm();
    }
    task->Join();
  }
  uint64_t HitsOf(absl::string_view end) const {
    uint64_t hits = 0;
    for (const FaultCount& count : client_->faults().Counts()) {
      if (absl::EndsWith(count.id, end)) hits += count.hits;
    }
    return hits;
  }
};

class FaultPresetStreamTest : public FaultPresetOnSocketsTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultPresetStreamTest,
                         ::testing::ValuesIn(Cells({kTcp, kUnix})), CellName);

TEST_P(FaultPresetStreamTest, AStreamComesWholeBothWays) {
  std::string sent;
  for (int i = 0; i < 4000; ++i) absl::StrAppend(&sent, i, ";");
  for (const Preset& preset : kPresets) {
    SCOPED_TRACE(preset.name);
    Open(preset);
    const absl::Time start = clock_.TimeNow();
    WhileTimePasses([&] {
      for (const auto& [from, to] : {std::pair(near_.get(), far_.get()),
                                     std::pair(far_.get(), near_.get())}) {
        for (size_t at = 0; at < sent.size(); at += 1000) {
          ASSERT_THAT(from->Write(sent.substr(at, 1000)), IsOk());
        }
        ASSERT_THAT(from->CloseWrite(), IsOk());
        EXPECT_THAT(ReadAll(*to, sent.size() + 1), IsOkAndHolds(sent));
      }
    });
    EXPECT_GT(clock_.TimeNow(), start);
    EXPECT_GT(HitsOf(" delay"), 0);
  }
}

class FaultPresetMessageTest : public FaultPresetOnSocketsTest {};
INSTANTIATE_TEST_SUITE_P(Cells, FaultPresetMessageTest,
                         ::testing::ValuesIn(Cells({kUdp, kUdpPackets,
                                                    kUnixgram, kUnixpacket})),
                         CellName);

// Each that is sent comes, but for those that were lost, and comes once more
// for each copy; of those that were changed all bytes but a few are the same.
TEST_P(FaultPresetMessageTest, MessagesComeAsTheRulesHaveCounted) {
  constexpr int kMessages = 200;
  const std::string body(50, 'x');
  for (const Preset& preset : kPresets) {
    SCOPED_TRACE(preset.name);
    Open(preset);
    std::map<std::string, int> sent;
    uint64_t changed = 0, came = 0;
    const auto read = [&] {
      std::string got(100, '\0');
      const auto n = far_->Read(absl::MakeSpan(&got[0], got.size()));
      if (!n.ok()) return n.status();
      got.resize(*n);
      ++came;
      const auto it = sent.find(got);
      if (it == sent.end()) {
        ++changed;
        EXPECT_GE(std::count(got.begin(), got.end(), 'x'), 48);
      } else {
        ++it->second;
      }
      return absl::OkStatus();
    };
    WhileTimePasses([&] {
      for (int i = 0; i < kMessages; ++i) {
        ASSERT_THAT(near_->Write(absl::StrCat(i, body)), IsOk());
        sent[absl::StrCat(i, body)] = 0;
        // Or there may be more than the kernel has room for.
        const NoWaitScope scope;
        while (read().ok()) {
        }
      }
      const uint64_t expected = kMessages - HitsOf(" loss") + HitsOf(" copies");
      const DeadlineScope limit(absl::Minutes(1));
      while (came < expected) {
        ASSERT_THAT(read(), IsOk()) << came << " of " << expected;
      }
    });
    EXPECT_GE(changed, HitsOf(" change"));
    EXPECT_LE(changed, 2 * HitsOf(" change"));
    uint64_t missing = 0;
    for (const auto& [text, times] : sent) {
      missing += times == 0 ? 1 : 0;
      EXPECT_LE(times, 2);
    }
    EXPECT_EQ(missing, HitsOf(" loss") + HitsOf(" change"));
    // What no stream has is for udp.
    const bool udp = absl::string_view(net().network) == "udp";
    const bool evil = absl::string_view(preset.name) == "Evil";
    EXPECT_EQ(HitsOf(" copies") > 0, udp && evil);
  }
}

// The reset that is left out above, made certain.
TEST(FaultPresetsOnSocketsTest, EvilResetsTcp) {
  FaultPlan plan = EvilPlan();
  for (FaultRule& rule : *plan.mutable_rule()) {
    if (rule.id() == "evil reset") rule.set_probability(1);
  }
  ManualClock clock;
  const std::shared_ptr<Transport> inner = MakeTcp(clock);
  const auto client =
      *MakeFaultTransport(inner, plan, FaultTransportOptions(), clock);
  const auto listener = *inner->Listen("tcp", "127.0.0.1:0");
  const auto near = *client->Dial("tcp", listener->Address().ToString());
  const auto far = *listener->Accept();
  ASSERT_THAT(near->Write("x"), IsOk());
  const absl::Status read = ReadError(*near);
  EXPECT_THAT(read, IsReset());
  EXPECT_EQ(Injector(read), "evil reset");
  EXPECT_THAT(ReadError(*far), IsReset());
}

// Without the networks that they name the rules of presets would be about
// streams too.
TEST(FaultPresetsOnSocketsTest, WhatNoCallCanDoIsRefusedByItsRule) {
  const std::map<std::string, std::string> kReasons = {
      {"loss", "loss: not on tcp: the kernel's stream would not be one"},
      {"copies", "duplicate: not on tcp: the kernel's stream would not be one"},
      {"late", "reorder: not on tcp: the kernel's stream would not be one"},
      {"reset",
       "reset: not on unix: no call resets the other end of a unix socket"}};
  int refused = 0;
  for (const Preset& preset : kPresets) {
    const FaultPlan plan = preset.plan();
    for (int i = 0; i < plan.rule_size(); ++i) {
      FaultPlan everywhere = plan;
      const std::string& id = plan.rule(i).id();
      everywhere.mutable_rule(i)->mutable_match()->clear_network();
      const absl::Status status =
          MakeFaultTransport(MakeTcp(), everywhere).status();
      const auto reason = kReasons.find(id.substr(id.find(' ') + 1));
      if (reason == kReasons.end()) {
        EXPECT_THAT(status, IsOk()) << id;
        continue;
      }
      ++refused;
      EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
      EXPECT_EQ(status.message(),
                absl::StrCat("rule[", i, "] '", id, "': ", reason->second,
                             " (match.network says which it is for)"));
    }
  }
  EXPECT_EQ(refused, 7);
}

}  // namespace
}  // namespace plumb
