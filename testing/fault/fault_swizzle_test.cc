#include "testing/fault/fault_swizzle.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_plan.h"
#include "testing/fault/fault_world.h"
#include "testing/matchers.h"
#include "testing/probe_matchers.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> Hosts(int count) {
  std::vector<std::string> hosts;
  for (int i = 0; i < count; ++i) hosts.push_back(absl::StrCat("host", i));
  return hosts;
}

FaultPlan Swizzled(const std::vector<std::string>& hosts,
                   const SwizzleOptions& options) {
  FaultPlan plan;
  AddSwizzle(hosts, options, &plan);
  return plan;
}

absl::Duration At(const FaultStep& step) {
  absl::Duration at;
  EXPECT_TRUE(absl::ParseDuration(step.at(), &at)) << step.at();
  return at;
}

TEST(FaultSwizzleTest, PausesInTheFirstHalfAndResumesInTheSecond) {
  SwizzleOptions options;
  options.from = absl::Seconds(10);
  options.until = absl::Seconds(20);
  const FaultPlan plan = Swizzled(Hosts(100), options);
  EXPECT_THAT(ValidateFaultPlan(plan), IsOk());
  std::set<std::string> paused, resumed;
  absl::Duration last = options.from;
  for (const FaultStep& step : plan.timeline()) {
    EXPECT_LE(last, At(step));
    last = At(step);
    EXPECT_EQ(step.has_pause(), last < absl::Seconds(15));
    (step.has_pause() ? paused : resumed)
        .insert(step.has_pause() ? step.pause() : step.resume());
  }
  EXPECT_LT(last, options.until);
  EXPECT_EQ(paused, resumed);
  EXPECT_GT(paused.size(), 30);
  EXPECT_LT(paused.size(), 70);
}

TEST(FaultSwizzleTest, AllOrNone) {
  SwizzleOptions options;
  options.share = 1;
  EXPECT_EQ(Swizzled(Hosts(5), options).timeline_size(), 10);
  options.share = 0;
  EXPECT_EQ(Swizzled(Hosts(5), options).timeline_size(), 0);
}

std::vector<std::string> StepsOf(const FaultPlan& plan,
                                 const std::string& host) {
  std::vector<std::string> steps;
  for (const FaultStep& step : plan.timeline()) {
    if (step.pause() == host || step.resume() == host) {
      steps.push_back(step.ShortDebugString());
    }
  }
  return steps;
}

TEST(FaultSwizzleTest, AnotherHostShiftsNothing) {
  SwizzleOptions options;
  options.share = 1;
  const FaultPlan few = Swizzled(Hosts(2), options);
  const FaultPlan many = Swizzled(Hosts(20), options);
  EXPECT_EQ(StepsOf(few, "host1"), StepsOf(many, "host1"));
  EXPECT_NE(StepsOf(many, "host1"), StepsOf(many, "host2"));
  options.seed = 1;
  EXPECT_NE(StepsOf(Swizzled(Hosts(2), options), "host1"),
            StepsOf(few, "host1"));
}

TEST(FaultSwizzleTest, KeepsWhatIsSentMeanwhile) {
  SwizzleOptions options;
  options.share = 1;
  World world(FaultPlanText(Swizzled({"db"}, options)));
  world.Open("tcp4");
  world.clock.Advance(absl::Seconds(5));
  ASSERT_THAT(world.client->Write("x"), IsOk());
  EXPECT_THAT(world.fates->Take(), ElementsAre("x held: pause of db"));
  world.clock.Advance(absl::Seconds(5));
  EXPECT_THAT(world.server, ConnReads("x"));
}

}  // namespace
}  // namespace plumb
