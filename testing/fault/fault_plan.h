// FaultPlans as text, and what is wrong with one.
//
//   absl::StatusOr<plumb::FaultPlan> plan = plumb::ParseFaultPlan(R"(
//     seed: 7
//     rule { id: "lossy" match { network: "udp" } probability: 0.01 loss {} }
//   )");
//   std::cout << plumb::FaultPlanText(*plan);
//
// fault_plan.proto says what a plan may say. make_faults.h makes Faults of one,
// and fault_presets.h has some to begin with.
//
// Threads: functions of their arguments.
//
// Errors, of which each names the field:
//   InvalidArgument  not a text: `fault plan:3:7: ...`, line and column; a
//                    field: `rule[3] 'slow': delay.min: negative: "-5ms"`,
//                    `timeline[0]: enable: no rule 'slow'`; an unknown host;
//                    two rules of one id; a rule that another one hides
//   Unimplemented    what a target cannot do: `rule[0] 'lossy': loss: not on
//                    tcp: the kernel's stream would not be one`
#ifndef PLUMB_TESTING_FAULT_FAULT_PLAN_H_
#define PLUMB_TESTING_FAULT_FAULT_PLAN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "testing/fault/compile_plan.h"
#include "testing/fault/fault_plan.pb.h"

namespace plumb {

// A plan in text form. Its fields are not checked.
absl::StatusOr<FaultPlan> ParseFaultPlan(absl::string_view text);
// One rule: `id: "split" match { to: "db" } partition {}`.
absl::StatusOr<FaultRule> ParseFaultRule(absl::string_view text);

// The text form, which ParseFaultPlan takes.
std::string FaultPlanText(const FaultPlan& plan);

// OK when a plan can be carried out in `setting`, whose default is anywhere.
absl::Status ValidateFaultPlan(const FaultPlan& plan,
                               const FaultSetting& setting = FaultSetting());

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_PLAN_H_
