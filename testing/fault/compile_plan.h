// A FaultPlan as the rules and outages that are judged.
//
// Threads: a function of its arguments.
#ifndef PLUMB_TESTING_FAULT_COMPILE_PLAN_H_
#define PLUMB_TESTING_FAULT_COMPILE_PLAN_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "testing/fault/fault_plan.pb.h"
#include "testing/fault/fault_spec.h"
#include "testing/fault/fault_support.h"

namespace plumb {

struct CompiledPlan {
  uint64_t seed = 0;
  std::vector<FaultSpec> rules;
  std::vector<FaultOutage> outages;
};

// Errors: see fault_plan.h.
absl::StatusOr<CompiledPlan> CompilePlan(const FaultPlan& plan,
                                         const FaultSetting& setting);

// The same for one rule without a timeline; errors name it by its id alone.
absl::StatusOr<FaultSpec> CompileSingleRule(const FaultRule& rule,
                                            const FaultSetting& setting);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_COMPILE_PLAN_H_
