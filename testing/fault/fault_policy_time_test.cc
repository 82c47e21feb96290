// When rules reach what a fake network carries, and that nothing else changes
// what they decide.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/fake/fake.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_matchers.h"
#include "testing/fault/fault_policy.h"
#include "testing/fault/fault_world.h"
#include "testing/fault/faults.h"
#include "testing/fault/make_faults.h"
#include "testing/fault/scoped_rule.h"
#include "testing/matchers.h"
#include "testing/probe_matchers.h"
#include "transport/error.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

TEST(FaultPolicyTest, TheTimelineReachesWhatIsUnderWay) {
  World world(
      "rule { id: 'd' match { network: 'udp' } delay { min: '10s' } }"
      "rule { id: 'p' off: true partition {} }"
      "timeline { at: '5s' enable: 'p' } timeline { at: '6s' heal {} }");
  world.Open("udp4");
  ASSERT_THAT(world.client->Write("lost"), IsOk());
  world.clock.Advance(absl::Seconds(5));
  EXPECT_THAT(world.fates->Take(), ElementsAre("lost lost: p"));
  world.clock.Advance(absl::Seconds(1));
  ASSERT_THAT(world.client->Write("late"), IsOk());
  world.clock.Advance(absl::Seconds(10));
  EXPECT_THAT(world.fates->Take(), ElementsAre("late ok"));
}

TEST(FaultPolicyTest, AHoldThatEndsByTimeLetsGo) {
  World world("rule { id: 'h' active { until: '2s' } hold {} }");
  world.Open("udp4");
  ASSERT_THAT(world.client->Write("x"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("x held: h"));
  world.clock.Advance(absl::Seconds(2));
  EXPECT_THAT(world.fates->Take(), ElementsAre("x ok"));
}

TEST(FaultPolicyTest, SoDoesOneOfARuleThatCameLater) {
  World world("rule { id: 'other' active { until: '9s' } hold {} off: true }");
  world.Open("udp4");
  ScopedRule hold(*world.faults, "id: 'h' active { until: '2s' } hold {}");
  ASSERT_THAT(world.client->Write("x"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("x held: h"));
  world.clock.Advance(absl::Seconds(2));
  EXPECT_THAT(world.fates->Take(), ElementsAre("x ok"));
}

TEST(FaultPolicyTest, ACrashedHostIsSilentAndItsRestartResets) {
  World world(
      "timeline { at: '1s' crash: 'db' } timeline { at: '2s' restart: 'db' }");
  world.Open("tcp4");
  world.clock.Advance(absl::Seconds(1));
  ASSERT_THAT(world.client->Write("x"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("x lost: crash of db"));
  world.clock.Advance(absl::Milliseconds(800));
  EXPECT_THAT(world.fates->Take(),
              ElementsAre("x lost: crash of db", "x lost: crash of db"));
  EXPECT_THAT(world.client, Not(IsClosedByPeer()));
  world.clock.Advance(absl::Milliseconds(600));
  EXPECT_THAT(world.fates->Take(), ElementsAre("x lost: restart of db"));
  const absl::Status status = world.ReadError(*world.client);
  EXPECT_THAT(status, IsReset());
  EXPECT_EQ(GetErrorInfo(status)->injected_by, "restart of db");
  EXPECT_THAT(world.web->Dial("tcp4", "db:80"), IsOk());
}

class PauseTest : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Fake, PauseTest,
                         ::testing::Values("tcp4", "udp4", "unix"),
                         [](const auto& one) { return one.param; });

// What is sent, what is under way and what lands just then.
TEST_P(PauseTest, KeepsAllAndLosesNothing) {
  World world(
      "rule { id: 'd' match { segment: DATA nth: 1 } delay { min: '2s' } }"
      "rule { id: 'e' match { segment: DATA nth: 2 } delay { min: '1s' } }"
      "timeline { at: '1s' pause: 'db' } timeline { at: '1h' resume: 'db' }");
  world.Open(GetParam());
  ASSERT_THAT(world.client->Write("1"), IsOk());
  ASSERT_THAT(world.client->Write("2"), IsOk());
  world.clock.Advance(absl::Seconds(1));
  ASSERT_THAT(world.client->Write("3"), IsOk());
  EXPECT_THAT(world.fates->Take(),
              UnorderedElementsAre("1 held: pause of db", "2 held: pause of db",
                                   "3 held: pause of db"));
  world.clock.Advance(absl::Minutes(30));
  EXPECT_THAT(world.fates->Take(), IsEmpty());
  world.clock.Advance(absl::Minutes(30));
  EXPECT_THAT(world.fates->Take(),
              UnorderedElementsAre("1 ok", "2 ok", "3 ok"));
  if (world.stream) {
    EXPECT_THAT(world.server, ConnReads("123"));
  }
}

TEST_P(PauseTest, ByHandAndUntilACrash) {
  World world("");
  world.Open(GetParam());
  world.faults->Pause("DB");
  world.faults->Pause("db");
  ASSERT_THAT(world.client->Write("1"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("1 held: pause of db"));
  world.faults->Resume("db");
  world.faults->Resume("db");
  EXPECT_THAT(world.fates->Take(), ElementsAre("1 ok"));
  world.faults->Pause("db");
  world.faults->Crash("db");
  ASSERT_THAT(world.client->Write("2"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("2 lost: crash of db"));
  world.faults->Pause("db");
  world.faults->Restart("db");
  ASSERT_THAT(world.client->Write("3"), IsOk());
  EXPECT_THAT(world.fates->Take(), Not(Contains(HasSubstr("pause"))));
}

TEST(FaultPolicyTest, APauseOfAHostThatIsDownIsNoChange) {
  World world("");
  world.faults->Crash("db");
  int changes = 0;
  const uint64_t subscription =
      world.faults->Subscribe([&changes] { ++changes; });
  const uint64_t generation = world.faults->generation();
  world.faults->Pause("db");
  EXPECT_EQ(changes, 0);
  EXPECT_EQ(world.faults->generation(), generation);
  world.faults->Restart("db");
  EXPECT_EQ(changes, 1);
  world.faults->Unsubscribe(subscription);
}

char FateOf(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) {
    if (absl::EndsWith(line, " lost: l")) return 'l';
    if (absl::EndsWith(line, " lost: r")) return 'r';
  }
  return '.';
}

// What becomes of two hundred Writes of a client of db, while others talk too:
// lost by a rule "l" or "r", an error, or neither.
std::string FatesOf(const std::string& kind, absl::string_view plan,
                    int hosts_before = 0, bool others_talk = false) {
  World world(plan, hosts_before);
  world.Open(kind);
  std::unique_ptr<Conn> other;
  if (others_talk) {
    other = kind == "unix"
                ? *world.db->Dial("unix", "@s")
                : *world.network->Host("other0")->Dial(kind, "db:80");
  }
  std::string fates;
  for (int i = 0; i < 200; ++i) {
    (void)world.fates->Take();
    const absl::Status status = world.client->Write(absl::StrCat(i));
    fates += status.ok() ? FateOf(world.fates->Take()) : 'e';
    if (others_talk) {
      EXPECT_THAT(other->Write("noise"), IsOk());
    }
  }
  return fates;
}

constexpr char kLossy[] =
    "rule { id: 'l' match { to: 'db' segment: DATA } probability: 0.3 loss {} "
    "}";

class ShiftTest : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Fake, ShiftTest,
                         ::testing::Values("tcp4", "udp4", "unix"),
                         [](const auto& one) { return one.param; });

TEST_P(ShiftTest, NeitherHostsNorRulesNorTrafficShiftADecision) {
  const std::string fates = FatesOf(GetParam(), kLossy);
  EXPECT_THAT(fates, AllOf(HasSubstr("l"), HasSubstr(".")));
  EXPECT_EQ(FatesOf(GetParam(), kLossy, 5), fates);
  EXPECT_EQ(FatesOf(GetParam(), kLossy, 1, true), fates);
  EXPECT_EQ(FatesOf(GetParam(),
                    absl::StrCat("rule { id: 'o' match { from: 'other0' } "
                                 "probability: 0.5 delay { min: '1s' } }",
                                 kLossy),
                    1, true),
            fates);
}

TEST_P(ShiftTest, NorDoOtherRulesOfTheSameSender) {
  const std::string others =
      "rule { id: 'd' match { segment: DATA } probability: 0.5 "
      "delay { jitter: '1s' } }"
      "rule { id: 'c' match { segment: DATA } probability: 0.3 duplicate {} }"
      "rule { id: 'n' match { segment: DATA } probability: 0.3 "
      "reorder { by: '5ms' } }";
  EXPECT_EQ(FatesOf(GetParam(), others + kLossy), FatesOf(GetParam(), kLossy));
}

// The Write after it is refused, and counts although it is not sent.
TEST(FaultPolicyTest, ARefusedDatagramShiftsNoDecision) {
  const std::string alone = FatesOf("udp4", kLossy);
  std::string fates = FatesOf(
      "udp4",
      absl::StrCat("rule { id: 'r' match { network: 'udp' nth: 5 } reset {} }",
                   kLossy));
  EXPECT_EQ(fates.substr(4, 2), "re");
  fates.replace(4, 2, alone.substr(4, 2));
  EXPECT_EQ(fates, alone);
}

// Between the same two names each connection is another one.
TEST(FaultPolicyTest, UnixConnectionsAreToldApart) {
  World world("rule { id: 'l' probability: 0.5 loss {} }");
  world.Open("unix");
  std::string fates;
  for (int i = 0; i < 40; ++i) {
    auto client = *world.db->Dial("unix", "@s");
    auto server = *world.listener->Accept();
    ASSERT_THAT(client->Write("x"), IsOk());
    fates += world.fates->Take()[0] == "x ok" ? '.' : 'l';
  }
  EXPECT_THAT(fates, HasSubstr("l"));
  EXPECT_THAT(fates, HasSubstr("."));
}

// The example of README.md.
TEST(FaultPolicyTest, TheExampleDoesWhatItSays) {
  ManualClock clock;
  auto faults =
      plumb::MakeFaults(R"(
    seed: 7
    rule { id: "far" match { from: "web" to: "db" } delay { min: "20ms" } }
    rule { id: "lossy" match { from: "db" to: "web" } probability: 0.5 loss {} }
    rule { id: "split" off: true match { to: "db" } partition {} }
    timeline { at: "10s" enable: "split" }
    timeline { at: "15s" heal {} }
  )",
                        {{plumb::FaultTarget::kFake}, {"web", "db"}}, clock);
  ASSERT_THAT(faults, IsOk());
  plumb::FakeNetworkOptions options;
  options.clock = &clock;
  options.policy = std::make_shared<plumb::FaultPolicy>(*faults);
  plumb::FakeNetwork network(options);
  auto at_db = *network.Host("db")->ListenPacket("udp4", ":1");
  auto at_web = *network.Host("web")->ListenPacket("udp4", ":1");
  auto to_db = *network.Host("web")->Dial("udp4", "db:1");
  auto to_web = *network.Host("db")->Dial("udp4", "web:1");
  for (int i = 0; i < 20; ++i) {
    EXPECT_THAT(to_db->Write("ping"), IsOk());
    EXPECT_THAT(to_web->Write("pong"), IsOk());
  }
  clock.Advance(absl::Seconds(10));
  EXPECT_THAT(to_db->Write("lost"), IsOk());
  EXPECT_THAT(*faults, plumb::AllRulesFired());
}

TEST(FaultPolicyTest, AnAddedRuleNamesAHostThatThereIs) {
  World world("");
  const absl::string_view rule = "id: 'x' match { to: 'cache' } loss {}";
  EXPECT_EQ(AddRule(*world.faults, rule).message(),
            "rule 'x': match.to: unknown host \"cache\" (known: web, db)");
  world.faults->AddHost("cache");
  EXPECT_THAT(AddRule(*world.faults, rule), IsOk());
}

// What was added would be the only one, and all others unknown.
TEST(FaultPolicyTest, WhereAnyHostGoesAnAddedOneChangesNothing) {
  const auto faults = *MakeFaults("");
  faults->AddHost("cache");
  EXPECT_THAT(AddRule(*faults, "id: 'x' match { to: 'db' } loss {}"), IsOk());
}

TEST(FaultPolicyTest, AScopedRuleEndsWithItsScope) {
  World world("");
  world.Open("udp4");
  {
    ScopedRule split(*world.faults,
                     "id: 'split' match { to: 'db' } partition {}");
    ASSERT_THAT(world.client->Write("1"), IsOk());
    EXPECT_THAT(world.fates->Take(), ElementsAre("1 lost: split"));
  }
  ASSERT_THAT(world.client->Write("2"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("2 ok"));
  EXPECT_THAT(world.faults, AllRulesFired());
}

// The sender knows that it is under way, so that it makes no second decision.
TEST(FaultPolicyTest, WhatIsDelayedIsNotSentAgain) {
  World world("rule { id: 'd' match { segment: DATA } delay { min: '10s' } }");
  world.Open("tcp4");
  ASSERT_THAT(world.client->Write("x"), IsOk());
  world.clock.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_THAT(world.fates->Take(), IsEmpty());
  world.clock.Advance(absl::Hours(1));
  EXPECT_THAT(world.fates->Take(), ElementsAre("x ok"));
  EXPECT_EQ(world.faults->Counts()[0].matches, 1u);
}

// Each attempt is another decision, and the same one in each run.
TEST(FaultPolicyTest, ARetransmissionIsDecidedByItsAttempt) {
  std::vector<std::string> first;
  for (int run = 0; run < 2; ++run) {
    World world(
        "seed: 1 rule { id: 'l' match { segment: DATA } probability: 0.6 "
        "loss {} }");
    world.Open("tcp4");
    int again = 0;
    std::vector<std::string> fates;
    for (int i = 0; i < 30; ++i) {
      ASSERT_THAT(world.client->Write("x"), IsOk());
      world.clock.Advance(absl::Hours(1));
      std::vector<std::string> lines = world.fates->Take();
      ASSERT_FALSE(lines.empty());
      EXPECT_EQ(lines.back(), "x ok");
      if (lines.size() > 1) ++again;
      fates.insert(fates.end(), lines.begin(), lines.end());
    }
    EXPECT_GT(again, 5);
    EXPECT_LT(again, 28);
    if (run == 0) first = fates;
    EXPECT_EQ(fates, first);
  }
}

}  // namespace
}  // namespace plumb
