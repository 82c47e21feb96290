// Plans as text, and what is wrong with them.
#include "testing/fault/fault_plan.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_support.h"

namespace plumb {
namespace {

// "OK", or the code and the text of what is wrong.
std::string Check(const std::string& text,
                  const FaultSetting& setting = FaultSetting()) {
  const absl::StatusOr<FaultPlan> plan = ParseFaultPlan(text);
  const absl::Status status =
      plan.ok() ? ValidateFaultPlan(*plan, setting) : plan.status();
  return status.ok() ? "OK" : status.ToString();
}

std::string Invalid(const std::string& text) {
  return absl::StrCat("INVALID_ARGUMENT: ", text);
}

TEST(FaultPlanTest, ReadsWhatItPrints) {
  const absl::StatusOr<FaultPlan> plan = ParseFaultPlan(R"(
    seed: 7
    rule { id: "far" match { from: "web" to: "10.0.0.0/8" port: 80 }
           probability: 0.5 delay { min: "20ms" jitter: "5ms" } }
    timeline { at: "1s" disable: "far" }
  )");
  ASSERT_TRUE(plan.ok()) << plan.status();
  const std::string text = FaultPlanText(*plan);
  const absl::StatusOr<FaultPlan> again = ParseFaultPlan(text);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(FaultPlanText(*again), text);
  EXPECT_NE(text.find("min: \"20ms\""), std::string::npos) << text;
  EXPECT_TRUE(ValidateFaultPlan(*plan).ok());
}

TEST(FaultPlanTest, SaysWhereATextIsWrong) {
  EXPECT_EQ(Check("rule {\n  ident: \"x\" }"),
            Invalid("fault plan:2:8: Message type \"plumb.FaultRule\" has no "
                    "field named \"ident\"."));
  const absl::StatusOr<FaultRule> rule = ParseFaultRule("id: 3");
  EXPECT_EQ(rule.status().ToString(),
            Invalid("fault rule:1:5: Expected string, got: 3"));
}

struct Bad {
  const char* rule;
  const char* error;
};

TEST(FaultPlanTest, NamesTheFieldThatIsWrong) {
  const Bad kBad[] = {
      {"loss {}", "rule[1] '': id: empty"},
      {"id: 'x'", "rule[1] 'x': no action"},
      {"id: 'ok' loss {}", "rule[1] 'ok': id: another rule has it"},
      {"id: 'x' delay { min: '-5ms' }",
       "rule[1] 'x': delay.min: negative: \"-5ms\""},
      {"id: 'x' delay { min: '5' }",
       "rule[1] 'x': delay.min: not a duration as \"20ms\": \"5\""},
      {"id: 'x' delay { jitter: 'inf' }",
       "rule[1] 'x': delay.jitter: infinite; hold keeps for ever"},
      {"id: 'x' rate {}",
       "rule[1] 'x': rate.bytes_per_second: must be above 0: 0"},
      {"id: 'x' rate { bytes_per_second: -1 }",
       "rule[1] 'x': rate.bytes_per_second: must be above 0: -1"},
      {"id: 'x' loss { gilbert_elliott { p: 1.5 r: 0.5 } }",
       "rule[1] 'x': loss.gilbert_elliott.p: above 1: 1.5"},
      {"id: 'x' loss { gilbert_elliott { p: 0.5 r: -1 } }",
       "rule[1] 'x': loss.gilbert_elliott.r: negative: -1"},
      {"id: 'x' loss { gilbert_elliott { r: 0.5 } }",
       "rule[1] 'x': loss.gilbert_elliott.p: must be above 0"},
      {"id: 'x' loss { gilbert_elliott { p: 0.5 } }",
       "rule[1] 'x': loss.gilbert_elliott.r: must be above 0"},
      {"id: 'x' loss { gilbert_elliott { p: 0.75 r: 0.5 } }",
       "rule[1] 'x': loss.gilbert_elliott: p and r are above 1 together: 1.25"},
      {"id: 'x' loss { gilbert_elliott { p: 0.5 r: 0.5 bad_loss: 2 } }",
       "rule[1] 'x': loss.gilbert_elliott.bad_loss: above 1: 2"},
      {"id: 'x' loss { gilbert_elliott { p: 0.5 r: 0.5 good_loss: nan } }",
       "rule[1] 'x': loss.gilbert_elliott.good_loss: not a number"},
      {"id: 'x' probability: 1 loss { gilbert_elliott { p: 0.5 r: 0.5 } }",
       "rule[1] 'x': probability: given together with loss.gilbert_elliott"},
      {"id: 'x' match { operation: WRITE } stop_reading {}",
       "rule[1] 'x': match.operation: WRITE cannot have stop_reading"},
      {"id: 'x' reorder {}", "rule[1] 'x': reorder.by: missing"},
      {"id: 'x' duplicate { copies: 1001 }",
       "rule[1] 'x': duplicate.copies: more than 1000"},
      {"id: 'x' corrupt { bytes: 65537 }",
       "rule[1] 'x': corrupt.bytes: more than 65536"},
      {"id: 'x' chunk { max_bytes: -3 }",
       "rule[1] 'x': chunk.max_bytes: must be above 0: -3"},
      {"id: 'x' probability: 1.5 loss {}",
       "rule[1] 'x': probability: above 1: 1.5"},
      {"id: 'x' probability: -0.5 loss {}",
       "rule[1] 'x': probability: negative: -0.5"},
      {"id: 'x' probability: nan loss {}",
       "rule[1] 'x': probability: not a number"},
      {"id: 'x' match { network: 'tpc' } loss {}",
       "rule[1] 'x': match.network: unknown network \"tpc\""},
      {"id: 'x' match { port: 65536 } loss {}",
       "rule[1] 'x': match.port: more than 65535: 65536"},
      {"id: 'x' match { from: '10.0.0.0/33' } loss {}",
       "rule[1] 'x': match.from: \"10.0.0.0/33\": not a range of 0 to 32"},
      {"id: 'x' match { to: 'db:80' } loss {}",
       "rule[1] 'x': match.to: \"db:80\": neither a host nor an address"},
      {"id: 'x' match { nth: 1 every: 2 } loss {}",
       "rule[1] 'x': match.every: given together with match.nth"},
      {"id: 'x' match { after_bytes: -1 } loss {}",
       "rule[1] 'x': match.after_bytes: negative: -1"},
      {"id: 'x' match { operation: READ } loss {}",
       "rule[1] 'x': match.operation: READ cannot have loss"},
      {"id: 'x' fail_op { error: 'EIO' }",
       "rule[1] 'x': match.operation: missing; fail_op needs it"},
      {"id: 'x' match { operation: READ } fail_op { error: 'EFOO' }",
       "rule[1] 'x': fail_op.error: unknown errno \"EFOO\""},
      {"id: 'x' active { from: '2s' until: '2s' } loss {}",
       "rule[1] 'x': active.until: not after active.from"},
      {"id: 'x' active { from: 'soon' } loss {}",
       "rule[1] 'x': active.from: not a duration as \"20ms\": \"soon\""},
  };
  for (const Bad& bad : kBad) {
    EXPECT_EQ(Check(absl::StrCat("rule { id: 'ok' match { to: 'db' } "
                                 "delay { min: '1s' } } rule { ",
                                 bad.rule, " }")),
              Invalid(bad.error));
  }
}

TEST(FaultPlanTest, StepsAreAboutWhatThereIs) {
  const std::string rule = "rule { id: 'a' loss {} } ";
  EXPECT_EQ(Check(rule + "timeline { at: '1s' enable: 'b' }"),
            Invalid("timeline[0]: enable: no rule 'b'"));
  EXPECT_EQ(Check(rule + "timeline { heal {} } timeline { disable: '' }"),
            Invalid("timeline[1]: disable: no rule ''"));
  EXPECT_EQ(Check(rule + "timeline { at: '-1s' heal {} }"),
            Invalid("timeline[0]: at: negative: \"-1s\""));
  EXPECT_EQ(Check(rule + "timeline { at: '1s' }"),
            Invalid("timeline[0]: nothing to do"));
  EXPECT_EQ(Check(rule + "timeline { crash: '' }"),
            Invalid("timeline[0]: crash: empty"));
}

// In the order of time, whatever that of the plan.
TEST(FaultPlanTest, OnlyWhoIsUpCrashesAndOnlyWhoIsDownIsRestarted) {
  EXPECT_EQ(Check("timeline { restart: 'db' }"),
            Invalid("timeline[0]: restart: host 'db' is not down"));
  EXPECT_EQ(Check("timeline { crash: 'web' } timeline { restart: 'DB' }"),
            Invalid("timeline[1]: restart: host 'DB' is not down"));
  EXPECT_EQ(Check("timeline { at: '2s' crash: 'db' } timeline { crash: 'DB' }"),
            Invalid("timeline[0]: crash: host 'db' is down already"));
  EXPECT_EQ(Check("timeline { at: '2s' restart: 'db' } "
                  "timeline { at: '1s' crash: 'db' } "
                  "timeline { at: '3s' crash: 'db' }"),
            "OK");
}

TEST(FaultPlanTest, OnlyWhoIsUpIsPausedAndOnlyWhoIsPausedIsResumed) {
  EXPECT_EQ(Check("timeline { resume: 'db' }"),
            Invalid("timeline[0]: resume: host 'db' is not paused"));
  EXPECT_EQ(Check("timeline { pause: 'db' } timeline { pause: 'db' }"),
            Invalid("timeline[1]: pause: host 'db' is paused already"));
  EXPECT_EQ(Check("timeline { crash: 'db' } timeline { pause: 'db' }"),
            Invalid("timeline[1]: pause: host 'db' is down"));
  EXPECT_EQ(Check("timeline { pause: 'db' } timeline { restart: 'db' }"),
            Invalid("timeline[1]: restart: host 'db' is not down"));
  EXPECT_EQ(Check("timeline { pause: 'db' } timeline { crash: 'db' } "
                  "timeline { resume: 'db' }"),
            Invalid("timeline[2]: resume: host 'db' is not paused"));
  EXPECT_EQ(Check("timeline { pause: '' }"),
            Invalid("timeline[0]: pause: empty"));
  EXPECT_EQ(Check("timeline { pause: 'db' } timeline { resume: '' }"),
            Invalid("timeline[1]: resume: empty"));
  EXPECT_EQ(Check("timeline { pause: 'db' } timeline { at: '1s' crash: 'db' } "
                  "timeline { at: '2s' restart: 'db' } "
                  "timeline { at: '3s' pause: 'db' } "
                  "timeline { at: '4s' resume: 'DB' }"),
            "OK");
}

TEST(FaultPlanTest, HostsAreKnown) {
  FaultSetting setting;
  setting.hosts = {"web", "db"};
  EXPECT_EQ(Check("rule { id: 'a' match { to: 'DB' } loss {} }", setting),
            "OK");
  EXPECT_EQ(Check("rule { id: 'a' match { to: 'dv' } loss {} }", setting),
            Invalid("rule[0] 'a': match.to: unknown host \"dv\" (known: web, "
                    "db)"));
  EXPECT_EQ(Check("timeline { crash: 'cache' }", setting),
            Invalid("timeline[0]: crash: unknown host \"cache\" (known: web, "
                    "db)"));
  EXPECT_EQ(Check("rule { id: 'a' match { to: 'dv' } loss {} }"), "OK");
}

TEST(FaultPlanTest, OnAFakeNetworkHostsAreAlwaysKnown) {
  FaultSetting fake = {{FaultTarget::kFake}};
  const std::string plan = "rule { id: 'a' match { to: 'db' } loss {} }";
  EXPECT_EQ(Check(plan, fake),
            Invalid("rule[0] 'a': match.to: unknown host \"db\" "
                    "(FaultSetting::hosts says which there are, and has "
                    "none)"));
  EXPECT_EQ(Check("timeline { pause: 'db' }", fake),
            Invalid("timeline[0]: pause: unknown host \"db\" "
                    "(FaultSetting::hosts says which there are, and has "
                    "none)"));
  EXPECT_EQ(Check("rule { id: 'a' match { to: '10.0.0.1' } loss {} }", fake),
            "OK");
  fake.any_host = true;
  EXPECT_EQ(Check(plan, fake), "OK");
  EXPECT_EQ(Check(plan, {{FaultTarget::kUdp, FaultTarget::kUnix}}).substr(0, 4),
            "UNIM");  // loss of unix: any name goes
  EXPECT_EQ(Check(plan, {{FaultTarget::kUdp}}), "OK");
}

// fault_contradiction_test has what contradicts what.
TEST(FaultPlanTest, RulesMayContradictWhereThatIsSaid) {
  const std::string plan =
      "rule { id: 'a' loss {} } rule { id: 'b' match { to: 'db' } loss {} }";
  EXPECT_EQ(Check(plan),
            Invalid("rule[1] 'b': loss: never reached: rule[0] 'a' (loss) "
                    "always decides before"));
  FaultSetting setting;
  setting.may_contradict = true;
  EXPECT_EQ(Check(plan, setting), "OK");
}

std::string OnTarget(FaultTarget target, const std::string& rule) {
  FaultSetting setting;
  setting.targets = {target};
  return Check(absl::StrCat("rule { id: 'x' ", rule, " }"), setting);
}

TEST(FaultPlanTest, WhatATargetCannotDoIsRefusedByRule) {
  EXPECT_EQ(OnTarget(FaultTarget::kTcp, "loss {}"),
            "UNIMPLEMENTED: rule[0] 'x': loss: not on tcp: the kernel's stream "
            "would not be one (match.network says which it is for)");
  EXPECT_EQ(OnTarget(FaultTarget::kTcp, "match { network: 'tcp4' } loss {}"),
            "UNIMPLEMENTED: rule[0] 'x': loss: not on tcp: the kernel's stream "
            "would not be one");
  EXPECT_EQ(OnTarget(FaultTarget::kTcp, "match { network: 'udp' } loss {}"),
            "UNIMPLEMENTED: rule[0] 'x': match.network: nothing of that "
            "network is judged here");
  EXPECT_EQ(OnTarget(FaultTarget::kUdp, "loss {}"), "OK");
  EXPECT_EQ(OnTarget(FaultTarget::kUdp, "chunk { max_bytes: 1 }"),
            "UNIMPLEMENTED: rule[0] 'x': chunk: not on udp: a message is not "
            "read in pieces (match.network says which it is for)");
  EXPECT_EQ(OnTarget(FaultTarget::kUnix, "match { network: 'unix' } reset {}"),
            "UNIMPLEMENTED: rule[0] 'x': reset: not on unix: no call resets "
            "the other end of a unix socket");
  EXPECT_EQ(OnTarget(FaultTarget::kFake, "loss {}"), "OK");
  FaultSetting both;
  both.targets = {FaultTarget::kUdp, FaultTarget::kTcp};
  EXPECT_EQ(Check("rule { id: 'x' match { network: 'udp' } loss {} }", both),
            "OK");
}

}  // namespace
}  // namespace plumb
