#include "testing/fault/fault_presets.h"

#include "gtest/gtest.h"
#include "testing/fault/fault_plan.h"
#include "testing/fault/fault_support.h"

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

}  // namespace
}  // namespace plumb
