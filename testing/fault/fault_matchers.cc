#include "testing/fault/fault_matchers.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace plumb {

bool AllRulesFiredMatcher::MatchAndExplain(
    const Faults& faults, ::testing::MatchResultListener* listener) const {
  std::vector<std::string> silent;
  for (const FaultCount& count : faults.Counts()) {
    if (count.hits == 0 && !count.optional) {
      silent.push_back(
          absl::StrCat("'", count.id, "' (", count.matches, " matches)"));
    }
  }
  if (silent.empty()) return true;
  *listener << "of which these never fired: " << absl::StrJoin(silent, ", ");
  return false;
}

void AllRulesFiredMatcher::DescribeTo(std::ostream* out) const {
  *out << "has no rule that never fired, but for optional ones";
}

void AllRulesFiredMatcher::DescribeNegationTo(std::ostream* out) const {
  *out << "has a rule that never fired and is not optional";
}

}  // namespace plumb
