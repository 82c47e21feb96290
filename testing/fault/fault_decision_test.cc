// What decides, and that nothing else changes a decision.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_flow.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_link_fixture.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

using FaultDecisionTest = FaultLinkTest;

constexpr char kLossy[] =
    "seed: 5 rule { id: 'loss' match { to: 'db' network: 'udp' } "
    "probability: 0.1 loss {} }";

TEST_F(FaultDecisionTest, ChanceIsAsOftenAsItSays) {
  const auto faults = Load(kLossy);
  FaultLink link(faults, Ends("web", "db"));
  const std::string fates = Fates(link);
  const auto lost = std::count(fates.begin(), fates.end(), 'l');
  EXPECT_GT(lost, 70);
  EXPECT_LT(lost, 130);
  EXPECT_EQ(faults->Counts()[0].matches, 1000u);
  EXPECT_EQ(faults->Counts()[0].hits, static_cast<uint64_t>(lost));
}

TEST_F(FaultDecisionTest, TheSameSeedDecidesTheSameAndAnotherDoesNot) {
  FaultLink first(Load(kLossy), Ends("web", "db"));
  FaultLink second(Load(kLossy), Ends("web", "db"));
  std::string other_seed = kLossy;
  other_seed.replace(0, 7, "seed: 6");
  FaultLink third(Load(other_seed), Ends("web", "db"));
  const std::string fates = Fates(first);
  EXPECT_EQ(fates, Fates(second));
  EXPECT_NE(fates, Fates(third));
}

// A change of these is a change of every test that pins what a seed does.
TEST_F(FaultDecisionTest, ASeedDecidesTheSameInEveryVersion) {
  FaultLink link(Load(kLossy), Ends("web", "db"));
  std::vector<size_t> lost;
  const std::string fates = Fates(link);
  for (size_t i = 0; i < 80; ++i) {
    if (fates[i] == 'l') lost.push_back(i);
  }
  EXPECT_EQ(lost, (std::vector<size_t>{0, 14, 21, 29, 46, 48, 56, 59, 66}));
}

TEST_F(FaultDecisionTest, AnotherRuleShiftsNoDecision) {
  const std::string reset =
      "rule { id: 'reset' match { to: 'db' nth: 7 } reset {} }";
  const std::string other =
      "rule { id: 'other' probability: 0.5 delay { jitter: '1s' } }"
      "rule { id: 'copies' probability: 0.3 duplicate {} }";
  const std::string lossy = kLossy;
  const std::string alone = [&] {
    FaultLink link(Load(kLossy), Ends("web", "db"));
    return Fates(link);
  }();
  for (const std::string& plan :
       {other + lossy, lossy + other, reset + other + lossy}) {
    FaultLink link(Load(plan), Ends("web", "db"));
    std::string fates = Fates(link);
    if (fates[6] == 'r') fates[6] = alone[6];
    EXPECT_EQ(fates, alone) << plan;
  }
}

TEST_F(FaultDecisionTest, AnotherHostOrTrafficShiftsNoDecision) {
  FaultLink alone(Load(kLossy), Ends("web", "db"));
  const std::string fates = Fates(alone);
  const auto faults = Load(kLossy);
  FaultLink cache(faults, Ends("cache", "db"));
  EXPECT_NE(Fates(cache), fates);
  // Its address depends on how many hosts there are, and its flow on what else
  // is open.
  FaultEnds moved = Ends("web", "db");
  moved.from = {"web", Addr::Udp(IpAddr::V4(10, 0, 0, 9), 32768)};
  moved.to = {"db", Addr::Udp(IpAddr::V4(10, 0, 0, 8), 53)};
  moved.flow = std::make_shared<FaultFlow>();
  FaultLink link(faults, moved);
  EXPECT_EQ(Fates(link), fates);
}

// What is written to a log asks the clock, the counts and the plan.
TEST_F(FaultDecisionTest, ALogLineShiftsNoDecision) {
  FaultLink quiet(Load(kLossy), Ends("web", "db"));
  const std::string fates = Fates(quiet);
  const auto faults = Load(kLossy);
  FaultLink link(faults, Ends("web", "db"));
  std::string logged, log;
  for (uint64_t i = 0; i < 1000; ++i) {
    const FaultVerdict verdict = Send(link, Datagram(i));
    logged += verdict.passes() ? '.' : verdict.rule.front();
    absl::StrAppend(&log, absl::FormatTime(clock_.TimeNow()), " ", i, "\n",
                    FormatFaultCounts(faults->Counts()),
                    absl::FormatTime(faults->NextEdge(clock_.TimeNow())));
    EXPECT_TRUE(link.AtLanding(Datagram(i), clock_.TimeNow()).passes());
  }
  EXPECT_EQ(logged, fates) << log;
}

TEST_F(FaultDecisionTest, ARetransmissionIsAnotherDecision) {
  const auto faults = Load("rule { id: 'l' probability: 0.5 loss {} }");
  FaultLink link(faults, Ends("web", "db", FaultNetwork::kTcp));
  int different = 0;
  for (uint64_t offset = 0; offset < 1000; ++offset) {
    const bool first = Send(link, Segment(offset, 1, 0)).passes();
    EXPECT_EQ(Send(link, Segment(offset, 1, 0)).passes(), first);
    if (Send(link, Segment(offset, 1, 1)).passes() != first) ++different;
  }
  EXPECT_GT(different, 400);
  EXPECT_LT(different, 600);
}

// Or one change might take another back.
TEST_F(FaultDecisionTest, ChangedBytesAreInPlacesThatDiffer) {
  struct {
    int bytes;
    size_t size;
    size_t changes;
  } const cases[] = {{2, 2, 2}, {2, 1, 1}, {5, 8, 5}, {65536, 1000, 1000}};
  for (const auto& one : cases) {
    FaultLink link(Load(absl::StrCat("rule { id: 'rot' corrupt { bytes: ",
                                     one.bytes, " } }")),
                   Ends("web", "db"));
    for (uint64_t i = 0; i < 100; ++i) {
      const FaultVerdict verdict = Send(link, Datagram(i, one.size));
      std::set<size_t> places;
      for (const FaultVerdict::Change& change : verdict.changes) {
        places.insert(change.at);
        EXPECT_LT(change.at, one.size);
        EXPECT_NE(change.flip, 0);
      }
      EXPECT_EQ(verdict.changes.size(), one.changes);
      EXPECT_EQ(places.size(), one.changes);
    }
  }
}

}  // namespace
}  // namespace plumb
