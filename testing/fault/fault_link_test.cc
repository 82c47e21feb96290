// What rules do to packets and calls.
#include "testing/fault/fault_link.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_flow.h"
#include "testing/fault/fault_link_fixture.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_spec.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"

namespace plumb {
namespace {

TEST_F(FaultLinkTest, DelaysAddUp) {
  const auto faults = Load(
      "rule { id: 'a' delay { min: '20ms' } }"
      "rule { id: 'b' delay { min: '1ms' jitter: '4ms' } }"
      "rule { id: 'c' match { from: 'db' } delay { min: '1h' } }");
  FaultLink link(faults, Ends("web", "db"));
  absl::Duration least = absl::InfiniteDuration(), most;
  for (uint64_t i = 0; i < 1000; ++i) {
    const absl::Duration delay = Send(link, Datagram(i)).delay;
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  EXPECT_GE(least, absl::Milliseconds(21));
  EXPECT_LT(least, absl::Microseconds(21100));
  EXPECT_GT(most, absl::Microseconds(24900));
  EXPECT_LT(most, absl::Milliseconds(25));
  FaultLink back(faults, Reversed(Ends("web", "db")));
  EXPECT_GE(Send(back, Datagram(0)).delay, absl::Hours(1));
}

TEST_F(FaultLinkTest, TheFirstThatEndsItDecides) {
  const auto faults = Load(
      "rule { id: 'hold' match { nth: 1 } hold {} }"
      "rule { id: 'reset' match { every: 2 } reset {} }"
      "rule { id: 'loss' loss {} }");
  FaultLink link(faults, Ends("web", "db"));
  EXPECT_EQ(Send(link, Datagram(0)).action, FaultVerdict::Action::kHold);
  EXPECT_EQ(Send(link, Datagram(1)).action, FaultVerdict::Action::kReset);
  EXPECT_EQ(Send(link, Datagram(2)).action, FaultVerdict::Action::kDrop);
  EXPECT_EQ(FormatFaultCounts(faults->Counts()),
            "   matches       hits rule\n"
            "         3          1 hold (hold)\n"
            "         3          1 reset (reset)\n"
            "         3          1 loss (loss)\n");
}

TEST_F(FaultLinkTest, AMatchIsEachOfItsFields) {
  const auto faults = Load(
      "rule { id: 'p' match { to: 'db' port: 53 network: 'udp4' } loss {} }"
      "rule { id: 'b' match { to: 'db' direction: BACK } loss {} }"
      "rule { id: 't' match { network: 'tcp' after_bytes: 10 } loss {} }");
  FaultLink out(faults, Ends("web", "db"));
  FaultLink back(faults, Reversed(Ends("web", "db")));
  EXPECT_EQ(Sent(out, Datagram(0)), "p");
  EXPECT_EQ(Sent(back, Datagram(0)), "b");
  FaultEnds other = Ends("web", "db");
  other.to.port = 54;
  FaultLink elsewhere(faults, other);
  EXPECT_EQ(Sent(elsewhere, Datagram(0)), "");
  FaultLink stream(faults, Ends("web", "db", FaultNetwork::kTcp));
  EXPECT_EQ(Sent(stream, Segment(0, 10)), "");
  EXPECT_EQ(Sent(stream, Segment(5, 6)), "t");
  EXPECT_EQ(Sent(stream, Segment(10, 0)), "t");
}

TEST_F(FaultLinkTest, WhatIsCountedIsNotSentAgainAndCounted) {
  const auto faults =
      Load("rule { id: 'l' match { segment: DATA nth: 2 } loss {} }");
  FaultLink link(faults, Ends("web", "db", FaultNetwork::kTcp));
  EXPECT_EQ(Sent(link, Open()), "");
  EXPECT_EQ(Sent(link, Segment(0, 5)), "");
  EXPECT_EQ(Sent(link, Segment(0, 5, 1)), "");
  EXPECT_EQ(Sent(link, Segment(5, 5)), "l");
  EXPECT_EQ(Sent(link, Segment(5, 5, 1)), "");
  FaultLink other(faults, Reversed(Ends("web", "db", FaultNetwork::kTcp)));
  EXPECT_EQ(Sent(other, Segment(0, 5)), "");
}

TEST_F(FaultLinkTest, ACopyComesAfterItsOriginalAndAChangeIsOne) {
  const auto faults = Load(
      "rule { id: 'd' delay { min: '1s' } }"
      "rule { id: '2' duplicate { copies: 2 interval: '3s' } }"
      "rule { id: 'c' corrupt { bytes: 3 } }");
  FaultLink link(faults, Ends("web", "db"));
  const FaultVerdict verdict = Send(link, Datagram(0, 9));
  EXPECT_EQ(verdict.delay, absl::Seconds(1));
  ASSERT_EQ(verdict.copies.size(), 2u);
  EXPECT_EQ(verdict.copies[0], absl::Seconds(4));
  EXPECT_EQ(verdict.copies[1], absl::Seconds(7));
  ASSERT_EQ(verdict.changes.size(), 3u);
  for (const FaultVerdict::Change& change : verdict.changes) {
    EXPECT_LT(change.at, 9u);
    EXPECT_NE(change.flip, 0);
  }
  EXPECT_TRUE(Send(link, Datagram(1, 0)).changes.empty());
}

TEST_F(FaultLinkTest, WindowsAndStepsTurnRulesOnAndOff) {
  const auto faults = Load(
      "rule { id: 'w' active { from: '1s' until: '2s' } loss {} }"
      "rule { id: 's' off: true partition {} }"
      "timeline { at: '5s' heal {} } timeline { at: '3s' enable: 's' }"
      "timeline { at: '6s' enable: 's' } timeline { at: '7s' disable: 's' }");
  FaultLink link(faults, Ends("web", "db"));
  std::string fates;
  for (int second = 0; second < 9; ++second) {
    const std::string rule = Sent(link, Datagram(0));
    fates += rule.empty() ? "." : rule;
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(fates, ".w.ss.s..");
  std::vector<int64_t> edges;
  for (absl::Time at = faults->start(); at < absl::InfiniteFuture();) {
    at = faults->NextEdge(at);
    if (at < absl::InfiniteFuture()) {
      edges.push_back(absl::ToInt64Seconds(at - faults->start()));
    }
  }
  EXPECT_EQ(edges, (std::vector<int64_t>{1, 2, 3, 5, 6, 7}));
}

TEST_F(FaultLinkTest, ByHandGoesBeforeTheTimeline) {
  const auto faults = Load(
      "rule { id: 'p' active { until: '1h' } partition {} }"
      "rule { id: 'l' off: true loss {} }"
      "timeline { at: '1s' enable: 'l' }");
  int changes = 0;
  const uint64_t subscriber = faults->Subscribe([&changes] { ++changes; });
  FaultLink link(faults, Ends("web", "db"));
  EXPECT_EQ(Sent(link, Datagram(0)), "p");
  faults->Heal();
  EXPECT_EQ(Sent(link, Datagram(0)), "");
  EXPECT_TRUE(faults->Enable("l").ok());
  EXPECT_EQ(Sent(link, Datagram(0)), "l");
  EXPECT_TRUE(faults->Disable("l").ok());
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(Sent(link, Datagram(0)), "");
  EXPECT_EQ(changes, 3);
  faults->Unsubscribe(subscriber);
  EXPECT_EQ(faults->Enable("x"), absl::NotFoundError("no rule 'x'"));
  EXPECT_TRUE(faults->Enable("p").ok());
  EXPECT_EQ(changes, 3);
}

TEST_F(FaultLinkTest, HoldsAndPartitionsReachWhatIsInFlight) {
  const auto faults = Load(
      "rule { id: 'h' off: true match { to: 'db' } hold {} }"
      "rule { id: 'p' off: true match { to: 'db' } partition {} }"
      "rule { id: 'l' loss {} }");
  FaultLink link(faults, Ends("web", "db"));
  const auto judge = [&](absl::string_view held_by) -> std::string {
    const std::optional<FaultVerdict> verdict =
        link.InFlight(Datagram(0), held_by, clock_.TimeNow());
    return verdict.has_value() ? std::string(verdict->rule) : "nothing";
  };
  EXPECT_EQ(judge(""), "nothing");
  ASSERT_TRUE(faults->Enable("p").ok());
  EXPECT_EQ(judge(""), "p");
  EXPECT_EQ(link.AtLanding(Datagram(0), clock_.TimeNow()).rule, "p");
  ASSERT_TRUE(faults->Enable("h").ok());
  EXPECT_EQ(judge(""), "h");
  EXPECT_EQ(judge("h"), "h");
  faults->Heal();
  EXPECT_EQ(judge("h"), "nothing");
  EXPECT_TRUE(link.AtLanding(Datagram(0), clock_.TimeNow()).passes());
  // What stays held is not another hit.
  EXPECT_EQ(faults->Counts()[0].hits, 1u);
}

// A stream keeps what a partition would have lost until that is over, also
// when it was meant for this one segment.
TEST_F(FaultLinkTest, WhatACountedPartitionHoldsStaysHeld) {
  const auto faults = Load("rule { id: 'p' match { nth: 2 } partition {} }");
  FaultLink link(faults, Ends("web", "db", FaultNetwork::kTcp));
  EXPECT_EQ(Sent(link, Segment(0, 10)), "");
  EXPECT_EQ(Sent(link, Segment(10, 10)), "p");
  const auto judge = [&](absl::string_view held_by) {
    return link.InFlight(Segment(10, 10), held_by, clock_.TimeNow());
  };
  ASSERT_TRUE(judge("p").has_value());
  EXPECT_EQ(judge("p")->rule, "p");
  EXPECT_FALSE(judge("").has_value());
  EXPECT_EQ(faults->Counts()[0].hits, 1u);
  ASSERT_TRUE(faults->Disable("p").ok());
  EXPECT_FALSE(judge("p").has_value());
}

// What another rule counts does not depend on an outage.
TEST_F(FaultLinkTest, WhatIsLostInAnOutageIsCountedByOthers) {
  const std::string third = "rule { id: 'third' match { nth: 3 } loss {} }";
  const auto faults = Load(
      third + "timeline { crash: 'db' } timeline { at: '1s' restart: 'db' }");
  FaultLink link(faults, Ends("web", "db"));
  EXPECT_EQ(Sent(link, Datagram(0)), "crash of db");
  EXPECT_EQ(Sent(link, Datagram(1)), "crash of db");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Sent(link, Datagram(2)), "third");
  EXPECT_EQ(Sent(link, Datagram(3)), "");
}

TEST_F(FaultLinkTest, HalfOpenSilencesBothWaysUntilItEnds) {
  const auto faults = Load(
      "rule { id: 'h' match { to: 'db' after_bytes: 100 direction: FORTH }"
      "half_open {} }");
  const FaultEnds ends = Ends("web", "db", FaultNetwork::kTcp);
  FaultLink out(faults, ends);
  FaultLink back(faults, Reversed(ends));
  FaultEnds other_flow = ends;
  other_flow.flow = std::make_shared<FaultFlow>();
  FaultLink other(faults, Reversed(other_flow));
  EXPECT_EQ(Sent(back, Segment(0, 500)), "");
  EXPECT_EQ(Sent(out, Segment(0, 101)), "h");
  EXPECT_EQ(Sent(back, Segment(500, 1)), "h");
  EXPECT_EQ(back.AtLanding(Segment(0, 500), clock_.TimeNow()).rule, "h");
  EXPECT_EQ(Sent(other, Segment(0, 1)), "");
  ASSERT_TRUE(faults->Disable("h").ok());
  EXPECT_EQ(Sent(back, Segment(501, 1)), "");
  ASSERT_TRUE(faults->Enable("h").ok());
  EXPECT_EQ(Sent(back, Segment(502, 1)), "");
}

TEST_F(FaultLinkTest, ADialThatFailsFailsInAllItsAttempts) {
  const auto faults = Load(
      "rule { id: 'd' match { to: 'db' nth: 2 } fail_dial {} }"
      "rule { id: 't' match { to: 'x' } fail_dial { how: TIMEOUT } }");
  FaultEnds ends = Ends("web", "db", FaultNetwork::kTcp);
  FaultLink first(faults, ends);
  ends.from.port = 32769;
  FaultLink second(faults, ends);
  EXPECT_EQ(Sent(first, Open()), "");
  EXPECT_EQ(Send(second, Open()).action, FaultVerdict::Action::kReset);
  EXPECT_EQ(Sent(second, Open(1)), "d");
  EXPECT_EQ(Sent(first, Open(1)), "");
  FaultLink third(faults, Ends("web", "x", FaultNetwork::kTcp));
  EXPECT_EQ(Send(third, Open()).action, FaultVerdict::Action::kDrop);
  EXPECT_EQ(Sent(third, Segment(0, 1)), "");
}

TEST_F(FaultLinkTest, ACrashedHostIsSilentAndThenKnowsNothing) {
  const auto faults = Load(
      "timeline { at: '1s' crash: 'DB' } timeline { at: '2s' restart: 'db' }");
  FaultLink link(faults, Ends("web", "db", FaultNetwork::kTcp));
  FaultLink datagrams(faults, Ends("web", "db"));
  EXPECT_EQ(Sent(link, Open()), "");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Send(link, Segment(0, 1)).action, FaultVerdict::Action::kDrop);
  EXPECT_EQ(Sent(datagrams, Datagram(0)), "crash of db");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Send(link, Segment(0, 1, 1)).action, FaultVerdict::Action::kReset);
  EXPECT_EQ(Sent(link, Segment(0, 1, 1)), "restart of db");
  EXPECT_EQ(Sent(datagrams, Datagram(1)), "");
  FaultLink again(faults, Ends("web", "db", FaultNetwork::kTcp));
  EXPECT_EQ(Sent(again, Open()), "");
  EXPECT_EQ(Sent(again, Segment(0, 1)), "");
  faults->Crash("db");
  EXPECT_EQ(Sent(again, Segment(1, 1)), "crash of db");
  clock_.Advance(absl::Seconds(1));
  faults->Restart("db");
  EXPECT_EQ(Sent(again, Segment(1, 1)), "restart of db");
}

TEST_F(FaultLinkTest, CallsAreJudged) {
  const auto faults = Load(
      "rule { id: 'slow' match { from: 'web' operation: READ }"
      "       delay { min: '2s' } }"
      "rule { id: 'bits' chunk { max_bytes: 7 } }"
      "rule { id: 'less' match { operation: WRITE } chunk { max_bytes: 3 } }"
      "rule { id: 'full' match { operation: WRITE nth: 2 }"
      "       fail_op { error: 'ENOBUFS' } }"
      "rule { id: 'late' match { operation: READ after_bytes: 10 }"
      "       fail_op { error: 'EIO' } }"
      "rule { id: 'dns' match { to: 'db' every: 2 }"
      "       fail_dial { how: NO_SUCH_HOST } }");
  FaultLink link(faults, Ends("web", "db", FaultNetwork::kTcp));
  const auto call = [&](FaultOperation operation, uint64_t ordinal,
                        uint64_t position = 0) {
    return link.AtCall({operation, ordinal, position}, clock_.TimeNow());
  };
  FaultCallVerdict verdict = call(FaultOperation::kRead, 0);
  EXPECT_EQ(verdict.delay, absl::Seconds(2));
  EXPECT_EQ(verdict.max_bytes, 7);
  EXPECT_EQ(verdict.error, 0);
  verdict = call(FaultOperation::kRead, 1, 10);
  EXPECT_EQ(verdict.error, EIO);
  EXPECT_EQ(verdict.rule, "late");
  EXPECT_EQ(call(FaultOperation::kWrite, 0).max_bytes, 3);
  EXPECT_EQ(call(FaultOperation::kWrite, 1).error, ENOBUFS);
  EXPECT_EQ(call(FaultOperation::kWrite, 2).error, 0);
  EXPECT_EQ(call(FaultOperation::kAccept, 0).rule, "");
  EXPECT_FALSE(call(FaultOperation::kDial, 0).dial.has_value());
  verdict = call(FaultOperation::kDial, 1);
  EXPECT_EQ(verdict.dial, DialFault::kNoSuchHost);
  EXPECT_EQ(verdict.rule, "dns");
}

TEST_F(FaultLinkTest, RulesComeAndGo) {
  const auto faults = Load("rule { id: 'l' loss {} }");
  FaultLink link(faults, Ends("web", "db"));
  FaultSpec reset;
  reset.id = "reset";
  reset.action = FaultAction::kReset;
  EXPECT_EQ(Sent(link, Datagram(0)), "l");
  ASSERT_TRUE(faults->Add(reset).ok());
  EXPECT_EQ(faults->Add(reset),
            absl::AlreadyExistsError("a rule 'reset' is there already"));
  EXPECT_EQ(Sent(link, Datagram(0)), "reset");
  ASSERT_TRUE(faults->Remove("reset").ok());
  EXPECT_EQ(faults->Remove("reset"), absl::NotFoundError("no rule 'reset'"));
  EXPECT_EQ(Sent(link, Datagram(0)), "l");
  EXPECT_EQ(FormatFaultCounts(faults->Counts()),
            "   matches       hits rule\n"
            "         3          2 l (loss)\n"
            "         1          1 reset (reset)\n");
}

TEST_F(FaultLinkTest, WhatALinkCountedStaysWhenItIsGone) {
  const auto faults = Load(
      "rule { id: 'all' delay { min: '1ms' } }"
      "rule { id: 'some' match { nth: 2 } loss {} }");
  const std::string counts =
      "   matches       hits rule\n"
      "         3          2 all (delay)\n"
      "         3          1 some (loss)\n";
  {
    FaultLink link(faults, Ends("web", "db"));
    for (uint64_t i = 0; i < 3; ++i) Send(link, Datagram(i));
    EXPECT_EQ(FormatFaultCounts(faults->Counts()), counts);
  }
  EXPECT_EQ(FormatFaultCounts(faults->Counts()), counts);
}

TEST_F(FaultLinkTest, CountsOutlastRulesThatComeAndTurn) {
  const auto faults = Load(
      "rule { id: 'other' off: true delay { min: '1ms' } }"
      "rule { id: 'third' match { nth: 3 } loss {} }");
  FaultLink link(faults, Ends("web", "db"));
  EXPECT_EQ(Sent(link, Datagram(0)), "");
  ASSERT_TRUE(faults->Enable("other").ok());
  EXPECT_EQ(Sent(link, Datagram(1)), "");
  FaultSpec delay;
  delay.id = "new";
  ASSERT_TRUE(faults->Add(delay).ok());
  EXPECT_EQ(Sent(link, Datagram(2)), "third");
  EXPECT_EQ(FormatFaultCounts(faults->Counts()),
            "   matches       hits rule\n"
            "         1          0 new (delay)\n"
            "         2          1 other (delay)\n"
            "         3          1 third (loss)\n");
}

// A rule that is off counts nothing.
TEST_F(FaultLinkTest, TheEdgeOfAWindowIsSeenAtOnce) {
  const auto faults =
      Load("rule { id: 'w' active { from: '1s' until: '2s' } loss {} }");
  FaultLink link(faults, Ends("web", "db"));
  for (const absl::Duration step :
       {absl::Seconds(1) - absl::Nanoseconds(1), absl::Nanoseconds(1),
        absl::Seconds(1) - absl::Nanoseconds(1), absl::Nanoseconds(1)}) {
    clock_.Advance(step);
    Send(link, Datagram(0));
  }
  EXPECT_EQ(faults->Counts()[0].matches, 2u);
  EXPECT_EQ(faults->Counts()[0].hits, 2u);
}

TEST_F(FaultLinkTest, ANewConnectionCountsAnewAndIsNotSilent) {
  const auto faults = Load(
      "rule { id: 'h' match { nth: 2 } half_open {} }"
      "rule { id: 'l' match { nth: 1 } loss {} }");
  for (int connection = 0; connection < 2; ++connection) {
    FaultLink link(faults, Ends("web", "db", FaultNetwork::kTcp));
    EXPECT_EQ(Sent(link, Segment(0, 1)), "l");
    EXPECT_EQ(Sent(link, Segment(1, 1)), "h");
    EXPECT_EQ(Sent(link, Segment(2, 1)), "h");
  }
}

}  // namespace
}  // namespace plumb
