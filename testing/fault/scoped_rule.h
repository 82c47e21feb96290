// A fault rule for a part of a test, which ends with the scope:
//
//   {
//     plumb::ScopedRule split(*faults, R"(
//         id: "split" match { to: "db" } partition {})");
//     ...                                      // db cannot be reached
//   }
//
// It stands before all others, and may contradict them. What it counted stays,
// so that AllRulesFired names it when it did nothing. A rule that is wrong
// fails the test, and does nothing.
//
// Threads: as Faults.
#ifndef PLUMB_TESTING_FAULT_SCOPED_RULE_H_
#define PLUMB_TESTING_FAULT_SCOPED_RULE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "testing/fault/fault_plan.pb.h"
#include "testing/fault/fault_spec.h"
#include "testing/fault/faults.h"

namespace plumb {

class ScopedRule {
 public:
  // `faults` outlives this.
  ScopedRule(Faults& faults, absl::string_view rule);
  ScopedRule(Faults& faults, const FaultRule& rule);
  ScopedRule(const ScopedRule&) = delete;
  ScopedRule& operator=(const ScopedRule&) = delete;
  ~ScopedRule();

 private:
  void Expect(const absl::Status& status);

  Faults& faults_;
  std::string id_;  // empty: there is none
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_SCOPED_RULE_H_
