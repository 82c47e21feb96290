// Losses that come in bursts.
#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_link_fixture.h"
#include "testing/fault/fault_network.h"

namespace plumb {
namespace {

using FaultBurstTest = FaultLinkTest;

constexpr char kBursty[] =
    "seed: 5 rule { id: 'loss' loss { gilbert_elliott { p: 0.02 r: 0.25 } } }";

// How long each run of losses is.
std::vector<size_t> Runs(const std::string& fates) {
  std::vector<size_t> runs;
  size_t run = 0;
  for (const char fate : fates + ".") {
    if (fate == 'l') {
      ++run;
    } else if (run > 0) {
      runs.push_back(run);
      run = 0;
    }
  }
  return runs;
}

// 0.02 / (0.02 + 0.25) of the time, for 1 / 0.25 datagrams.
TEST_F(FaultBurstTest, IsAsLongAndAsOftenAsItSays) {
  size_t lost = 0, bursts = 0;
  for (int host = 0; host < 20; ++host) {
    FaultLink link(Load(kBursty), Ends(absl::StrCat("web", host), "db"));
    const std::string fates = Fates(link);
    lost += static_cast<size_t>(std::count(fates.begin(), fates.end(), 'l'));
    bursts += Runs(fates).size();
  }
  EXPECT_NEAR(static_cast<double>(lost) / 20000, 0.074, 0.02);
  EXPECT_NEAR(static_cast<double>(lost) / static_cast<double>(bursts), 4, 0.8);
}

TEST_F(FaultBurstTest, LosesAsMuchAsItSaysWhenBadAndWhenGood) {
  FaultLink some(
      Load("rule { id: 'loss' loss { gilbert_elliott { p: 0.5 r: 0.5 "
           "bad_loss: 0.5 good_loss: 0.1 } } }"),
      Ends("web", "db"));
  const std::string fates = Fates(some);
  EXPECT_NEAR(static_cast<double>(std::count(fates.begin(), fates.end(), 'l')),
              300, 50);
  FaultLink none(Load("rule { id: 'loss' loss { gilbert_elliott { p: 0.5 r: "
                      "0.5 bad_loss: 0 } } }"),
                 Ends("web", "db"));
  EXPECT_EQ(Fates(none), std::string(1000, '.'));
}

// It is a function of the place, and not of what was asked before.
TEST_F(FaultBurstTest, WhatIsAskedFirstDecidesNothing) {
  FaultLink forwards(Load(kBursty), Ends("web", "db"));
  const std::string fates = Fates(forwards);
  EXPECT_NE(fates.find("lll"), std::string::npos);
  FaultLink backwards(Load(kBursty), Ends("web", "db"));
  FaultLink sometimes(Load(kBursty), Ends("web", "db"));
  for (size_t i = fates.size(); i-- > 0;) {
    EXPECT_EQ(Sent(backwards, Datagram(i)), fates[i] == 'l' ? "loss" : "");
  }
  for (size_t i = 0; i < fates.size(); i += 7) {
    EXPECT_EQ(Sent(sometimes, Datagram(i)), fates[i] == 'l' ? "loss" : "");
  }
}

TEST_F(FaultBurstTest, AnotherRuleAndHostShiftNoDecision) {
  FaultLink alone(Load(kBursty), Ends("web", "db"));
  const std::string fates = Fates(alone);
  const auto faults = Load(absl::StrCat(
      "rule { id: 'other' loss { gilbert_elliott { p: 0.1 r: 0.1 bad_loss: 0 } "
      "} } rule { id: 'late' probability: 0.5 delay { jitter: '1s' } } ",
      kBursty));
  FaultLink other(faults, Ends("cache", "db"));
  EXPECT_NE(Fates(other), fates);
  FaultLink link(faults, Ends("web", "db"));
  EXPECT_EQ(Fates(link), fates);
}

// A change of these is a change of every test that pins what a seed does.
TEST_F(FaultBurstTest, ASeedDecidesTheSameInEveryVersion) {
  FaultLink link(Load(kBursty), Ends("web", "db"));
  const std::string fates = Fates(link);
  std::vector<size_t> lost;
  for (size_t i = 0; i < 200; ++i) {
    if (fates[i] == 'l') lost.push_back(i);
  }
  EXPECT_EQ(lost, (std::vector<size_t>{87, 88, 89, 128, 129, 130}));
}

// Of a stream, by its bytes, however it is cut; and each attempt anew.
TEST_F(FaultBurstTest, OnAStreamABurstIsOfBytes) {
  FaultLink link(Load(kBursty), Ends("web", "db", FaultNetwork::kTcp));
  int again = 0;
  for (uint64_t segment = 0; segment < 1000; ++segment) {
    const uint64_t offset = segment * 1448;
    const std::string first = Sent(link, Segment(offset, 1));
    EXPECT_EQ(Sent(link, Segment(offset + 700, 1)), first);
    EXPECT_EQ(Sent(link, Segment(offset + 1447, 1)), first);
    if (!first.empty() && Sent(link, Segment(offset, 1, 1)).empty()) ++again;
  }
  EXPECT_GT(again, 20);
}

}  // namespace
}  // namespace plumb
