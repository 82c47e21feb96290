// What a plan is refused for although each of its fields is right: rules that
// nothing fits, and rules that contradict each other.
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_plan.h"
#include "testing/fault/fault_support.h"

namespace plumb {
namespace {

// "OK", or the text of what is wrong.
std::string Check(const std::string& text,
                  const FaultSetting& setting = FaultSetting()) {
  const absl::StatusOr<FaultPlan> plan = ParseFaultPlan(text);
  const absl::Status status =
      plan.ok() ? ValidateFaultPlan(*plan, setting) : plan.status();
  if (status.ok()) return "OK";
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  return std::string(status.message());
}

// Of the rules 'a' and 'b', in that order.
std::string Both(const std::string& a, const std::string& b,
                 const std::string& timeline = "") {
  return Check(absl::StrCat("rule { id: 'a' ", a, " } rule { id: 'b' ", b,
                            " } ", timeline));
}

std::string NeverReached(const std::string& b, const std::string& a) {
  return absl::StrCat("rule[1] 'b': ", b, ": never reached: rule[0] 'a' (", a,
                      ") always decides before");
}
std::string AtOdds(const std::string& b, const std::string& a) {
  return absl::StrCat("rule[1] 'b': ", b, ": at odds with rule[0] 'a' (", a,
                      "): something is about both, and each is about something "
                      "that the other is not about");
}

TEST(FaultContradictionTest, ARuleThatAnotherHidesIsNeverReached) {
  const std::string all = "match { to: 'db' } partition {}";
  const std::string reset = NeverReached("reset", "partition");
  EXPECT_EQ(Both(all, "match { to: 'db' } reset {}"), reset);
  EXPECT_EQ(Both(all, "match { to: 'db' port: 5 } loss {}"),
            NeverReached("loss", "partition"));
  // The other way about is the same link.
  EXPECT_EQ(Both(all, "match { from: 'db' } reset {}"), reset);
  EXPECT_EQ(Both(all, "match { from: 'db' direction: BACK } loss {}"),
            NeverReached("loss", "partition"));
  EXPECT_EQ(Both("match { to: '10.0.0.0/8' } partition {}",
                 "match { to: '10.1.0.0/16' } reset {}"),
            reset);
  EXPECT_EQ(Both("match { to: '10.1.0.0/16' } partition {}",
                 "match { to: '10.0.0.0/8' } reset {}"),
            "OK");
  EXPECT_EQ(Both("match { network: 'udp' segment: DATA } partition {}",
                 "match { network: 'udp4' } reset {}"),
            reset);
  EXPECT_EQ(Both("partition {}", "probability: 0.5 reset {}"), reset);
  EXPECT_EQ(Both("match { operation: DIAL } fail_op { error: 'EIO' }",
                 "fail_dial {}"),
            NeverReached("fail_dial", "fail_op"));
}

TEST(FaultContradictionTest, ARuleThatIsSometimesReachedIsNotHidden) {
  const std::string all = "match { to: 'db' } partition {}";
  EXPECT_EQ(Both(all, "match { to: 'web' } partition {}"), "OK");
  EXPECT_EQ(Both("match { to: 'db' direction: FORTH } partition {}",
                 "match { to: 'web' direction: FORTH } reset {}"),
            "OK");
  EXPECT_EQ(Both(all, "reset {}"), "OK");
  EXPECT_EQ(Both("match { from: 'db' direction: FORTH } partition {}",
                 "match { to: 'db' direction: FORTH } reset {}"),
            "OK");
  EXPECT_EQ(Both("probability: 0.5 partition {}", "reset {}"), "OK");
  EXPECT_EQ(Both("match { nth: 1 } partition {}", "reset {}"), "OK");
  EXPECT_EQ(Both("loss { gilbert_elliott { p: 0.1 r: 0.5 } }", "reset {}"),
            "OK");
  EXPECT_EQ(
      Both(all, "match { to: 'db' } reset {}", "timeline { at: '1s' heal {} }"),
      "OK");
  EXPECT_EQ(Both(all, "match { to: 'db' } reset {}",
                 "timeline { at: '1s' disable: 'a' }"),
            "OK");
}

TEST(FaultContradictionTest, TimeCounts) {
  const std::string first = "active { until: '5s' } partition {}";
  EXPECT_EQ(Both(first, "active { from: '1s' until: '2s' } reset {}"),
            NeverReached("reset", "partition"));
  EXPECT_EQ(Both(first, "active { from: '4s' until: '6s' } reset {}"), "OK");
  EXPECT_EQ(Both(first, "active { from: '5s' } reset {}"), "OK");
  EXPECT_EQ(Both(first, "off: true reset {}"), "OK");
  EXPECT_EQ(Both("partition {}", "off: true reset {}"),
            NeverReached("reset", "partition"));
  EXPECT_EQ(Both(first, "off: true reset {}",
                 "timeline { at: '1s' enable: 'b' } "
                 "timeline { at: '2s' disable: 'b' }"),
            NeverReached("reset", "partition"));
}

TEST(FaultContradictionTest, WhoChoosesTheSameIsNeverReached) {
  const std::string reset = NeverReached("reset", "loss");
  EXPECT_EQ(Both("match { nth: 3 } loss {}",
                 "match { direction: FORTH nth: 3 } reset {}"),
            reset);
  EXPECT_EQ(Both("match { every: 2 } loss {}",
                 "match { direction: FORTH nth: 4 } reset {}"),
            reset);
  EXPECT_EQ(Both("match { every: 2 } loss {}",
                 "match { direction: FORTH every: 6 } reset {}"),
            reset);
  EXPECT_EQ(Both("match { every: 2 } loss {}",
                 "match { direction: FORTH nth: 3 } reset {}"),
            "OK");
  EXPECT_EQ(Both("match { every: 2 } loss {}",
                 "match { direction: FORTH every: 3 } reset {}"),
            "OK");
  // They count others.
  EXPECT_EQ(Both("match { to: 'db' nth: 3 } loss {}",
                 "match { to: 'db' port: 80 direction: FORTH nth: 3 } "
                 "reset {}"),
            "OK");
  EXPECT_EQ(Both("match { nth: 3 } probability: 0.5 loss {}",
                 "match { direction: FORTH nth: 3 } reset {}"),
            "OK");
}

TEST(FaultContradictionTest, WhatIsCertainAndCrossesIsAtOdds) {
  EXPECT_EQ(
      Both("match { from: 'web' } partition {}", "match { to: 'db' } reset {}"),
      AtOdds("reset", "partition"));
  // Each is about both ways, and so about what goes on between the two.
  EXPECT_EQ(
      Both("match { to: 'web' } partition {}", "match { to: 'db' } reset {}"),
      AtOdds("reset", "partition"));
  EXPECT_EQ(Both("match { network: 'tcp' } partition {}",
                 "match { to: 'db' } hold {}"),
            AtOdds("hold", "partition"));
  EXPECT_EQ(Both("match { to: '10.0.0.0/8' port: 80 } hold {}",
                 "match { to: '10.1.0.0/16' } reset {}"),
            AtOdds("reset", "hold"));
  EXPECT_EQ(Both("match { to: 'db' operation: READ } fail_op { error: 'EIO' }",
                 "match { port: 80 operation: READ } "
                 "fail_op { error: 'ENOBUFS' }"),
            AtOdds("fail_op", "fail_op"));
}

TEST(FaultContradictionTest, WhatCannotCrossIsNotAtOdds) {
  const std::string web = "match { from: 'web' } partition {}";
  // The same end; a special case before the rule; chance; other times, ways,
  // networks, calls and ends.
  EXPECT_EQ(Both(web, "match { to: 'db' } partition {}"), "OK");
  EXPECT_EQ(Both(web, "reset {}"), "OK");
  EXPECT_EQ(Both(web, "match { to: 'db' } probability: 0.5 reset {}"), "OK");
  EXPECT_EQ(Both(web, "match { to: 'db' nth: 2 } reset {}"), "OK");
  EXPECT_EQ(Both("match { from: 'web' } active { until: '1s' } partition {}",
                 "match { to: 'db' } active { from: '1s' } reset {}"),
            "OK");
  EXPECT_EQ(Both("match { from: 'web' direction: FORTH } partition {}",
                 "match { from: 'db' direction: FORTH } reset {}"),
            "OK");
  EXPECT_EQ(Both("match { from: 'web' network: 'tcp4' } partition {}",
                 "match { to: 'db' network: 'tcp6' } reset {}"),
            "OK");
  EXPECT_EQ(
      Both("match { from: 'web' operation: READ } fail_op { error: 'EIO' }",
           "match { port: 80 operation: WRITE } fail_op { error: 'EPIPE' }"),
      "OK");
  EXPECT_EQ(Both("match { to: 'web' port: 80 direction: FORTH } partition {}",
                 "match { to: 'web' port: 81 direction: FORTH } reset {}"),
            "OK");
  // A name may be at any address: the texts do not tell.
  EXPECT_EQ(Both("match { from: 'web' direction: FORTH } partition {}",
                 "match { from: '10.0.0.1' port: 80 direction: FORTH } "
                 "reset {}"),
            "OK");
}

TEST(FaultContradictionTest, WhatOthersEndIsNotChanged) {
  const std::string idle =
      "delay: changes nothing: rule[0] 'a' (partition) ends all that it is "
      "about";
  EXPECT_EQ(Both("match { to: 'db' } partition {}",
                 "match { to: 'db' } delay { min: '1s' }"),
            "rule[1] 'b': " + idle);
  // Wherever it stands.
  EXPECT_EQ(Both("match { to: 'db' } rate { bytes_per_second: 1 }",
                 "match { to: 'db' } hold {}"),
            "rule[0] 'a': rate: changes nothing: rule[1] 'b' (hold) ends all "
            "that it is about");
  EXPECT_EQ(Both("match { operation: READ } fail_op { error: 'EIO' }",
                 "match { operation: READ } chunk { max_bytes: 1 }"),
            "rule[1] 'b': chunk: changes nothing: rule[0] 'a' (fail_op) ends "
            "all that it is about");
  EXPECT_EQ(Both("match { operation: READ } fail_op { error: 'EIO' }",
                 "stop_reading {}"),
            "rule[1] 'b': stop_reading: changes nothing: rule[0] 'a' (fail_op) "
            "ends all that it is about");
  EXPECT_EQ(Both("match { to: 'db' } partition {}", "delay { min: '1s' }"),
            "OK");
  EXPECT_EQ(Both("off: true partition {}", "delay { min: '1s' }",
                 "timeline { at: '1s' enable: 'a' }"),
            "OK");
  EXPECT_EQ(Both("match { operation: READ } fail_op { error: 'EIO' }",
                 "match { operation: READ } delay { min: '1s' }"),
            "OK");
}

TEST(FaultContradictionTest, OnAFakeNetworkADialIsAPacket) {
  const std::string plan =
      "rule { id: 'a' match { network: 'tcp' } partition {} } "
      "rule { id: 'b' match { network: 'tcp' } fail_dial {} }";
  EXPECT_EQ(Check(plan), "OK");
  EXPECT_EQ(Check(plan, {{FaultTarget::kTcp}}), "OK");
  EXPECT_EQ(Check(plan, {{FaultTarget::kFake}}),
            NeverReached("fail_dial", "partition"));
}

struct Senseless {
  const char* rule;
  const char* why;
};

TEST(FaultContradictionTest, ARuleThatNothingFitsHasNoSense) {
  const Senseless kCases[] = {
      {"match { network: 'udp' segment: OPEN } loss {}",
       "segment: nothing fits: a datagram is DATA, and not OPEN"},
      {"match { segment: END } corrupt {}",
       "segment: nothing fits: END has no bytes to corrupt"},
      {"match { segment: DATA } fail_dial {}",
       "segment: nothing fits: a dial is OPEN, and not DATA"},
      {"match { operation: READ segment: DATA } delay { min: '1s' }",
       "segment: nothing fits: a call is no DATA"},
      {"match { network: 'udp' after_bytes: 1 } loss {}",
       "after_bytes: nothing fits: streams alone have an offset"},
      {"match { network: 'tcp' to: '/run/db' } loss {}",
       "to: nothing fits: a path has no part in tcp and udp"},
      {"match { to: '@db' port: 80 } loss {}",
       "to: nothing fits: a path has no port"},
      {"match { network: 'unix' from: '10.0.0.1' } loss {}",
       "from: nothing fits: an address has no part in unix sockets"},
      {"match { network: 'tcp6' from: '10.0.0.1' } loss {}",
       "from: nothing fits: an address of the other family"},
      {"match { from: '10.0.0.1' to: 'fd00::1' } loss {}",
       "to: nothing fits: `from` is of another family"},
      {"match { from: '10.0.0.1' to: '/run/db' } loss {}",
       "to: nothing fits: `from` is of another family"},
      {"match { network: 'unix' port: 80 } loss {}",
       "port: nothing fits: unix sockets have none"},
  };
  for (const Senseless& one : kCases) {
    EXPECT_EQ(Check(absl::StrCat("rule { id: 'x' ", one.rule, " }")),
              absl::StrCat("rule[0] 'x': match.", one.why));
  }
  for (const char* rule :
       {"match { segment: OPEN } loss {}",
        "match { segment: OPEN } fail_dial {}",
        "match { network: 'tcp4' from: '10.0.0.1' to: 'db' } loss {}",
        "match { network: 'unixgram' to: '/run/db' } loss {}"}) {
    EXPECT_EQ(Check(absl::StrCat("rule { id: 'x' ", rule, " }")), "OK");
  }
}

TEST(FaultContradictionTest, ARuleWithoutTimeIsRefused) {
  const std::string never =
      "rule[0] 'x': active: never on: the timeline leaves it no time";
  EXPECT_EQ(Check("rule { id: 'x' off: true active { until: '1s' } loss {} } "
                  "timeline { at: '2s' enable: 'x' }"),
            never);
  EXPECT_EQ(Check("rule { id: 'x' active { from: '5s' } loss {} } "
                  "timeline { at: '2s' disable: 'x' }"),
            never);
  EXPECT_EQ(Check("rule { id: 'x' off: true active { until: '1s' } loss {} }"),
            "OK");
}

}  // namespace
}  // namespace plumb
