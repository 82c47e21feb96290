#include "testing/fault/scoped_rule.h"

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_plan.h"
#include "testing/fault/make_faults.h"

namespace plumb {

ScopedRule::ScopedRule(Faults& faults, absl::string_view rule)
    : faults_(faults) {
  const absl::StatusOr<FaultRule> parsed = ParseFaultRule(rule);
  if (parsed.ok()) id_ = parsed->id();
  Expect(parsed.ok() ? AddRule(faults, *parsed) : parsed.status());
}

ScopedRule::ScopedRule(Faults& faults, const FaultRule& rule)
    : faults_(faults), id_(rule.id()) {
  Expect(AddRule(faults, rule));
}

ScopedRule::~ScopedRule() {
  if (!id_.empty()) (void)faults_.Remove(id_);
}

void ScopedRule::Expect(const absl::Status& status) {
  if (status.ok()) return;
  id_.clear();
  ADD_FAILURE() << status;
}

}  // namespace plumb
