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
                                  std::move(compiled->outages), setting, clock);
}

absl::StatusOr<std::shared_ptr<Faults>> MakeFaults(absl::string_view plan,
                                                   const FaultSetting& setting,
                                                   Clock& clock) {
  const absl::StatusOr<FaultPlan> parsed = ParseFaultPlan(plan);
  if (!parsed.ok()) return parsed.status();
  return MakeFaults(*parsed, setting, clock);
}

absl::Status AddRule(Faults& faults, const FaultRule& rule) {
  const absl::StatusOr<FaultSpec> spec =
      CompileSingleRule(rule, faults.setting());
  return spec.ok() ? faults.Add(*spec) : spec.status();
}

absl::Status AddRule(Faults& faults, absl::string_view rule) {
  const absl::StatusOr<FaultRule> parsed = ParseFaultRule(rule);
  return parsed.ok() ? AddRule(faults, *parsed) : parsed.status();
}

}  // namespace plumb
