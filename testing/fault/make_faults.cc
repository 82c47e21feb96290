#include "testing/fault/make_faults.h"

#include <utility>

#include "testing/fault/fault_plan.h"

namespace plumb {

absl::StatusOr<std::shared_ptr<Faults>> MakeFaults(const FaultPlan& plan,
                                                   const FaultSetting& setting,
                                                   Clock& clock) {
  absl::StatusOr<CompiledPlan> compiled = CompilePlan(plan, setting);
  if (!compiled.ok()) return compiled.status();
  return std::make_shared<Faults>(compiled->seed, compiled->rules,
                                  std::move(compiled->outages), clock);
}

absl::StatusOr<std::shared_ptr<Faults>> MakeFaults(absl::string_view plan,
                                                   const FaultSetting& setting,
                                                   Clock& clock) {
  const absl::StatusOr<FaultPlan> parsed = ParseFaultPlan(plan);
  if (!parsed.ok()) return parsed.status();
  return MakeFaults(*parsed, setting, clock);
}

}  // namespace plumb
