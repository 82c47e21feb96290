// Matchers of what a fault plan did:
//
//   EXPECT_THAT(*faults, plumb::AllRulesFired());
//
// A fault that never happened tested nothing.
//
// Threads: values.
#ifndef PLUMB_TESTING_FAULT_FAULT_MATCHERS_H_
#define PLUMB_TESTING_FAULT_FAULT_MATCHERS_H_

#include <memory>
#include <ostream>

#include "gmock/gmock.h"
#include "testing/fault/faults.h"

namespace plumb {

// Matches Faults, and pointers to them, of which every rule fired at least once
// that is not optional; also those that were removed meanwhile.
class AllRulesFiredMatcher {
 public:
  using is_gtest_matcher = void;

  bool MatchAndExplain(const Faults& faults,
                       ::testing::MatchResultListener* listener) const;
  bool MatchAndExplain(const std::shared_ptr<Faults>& faults,
                       ::testing::MatchResultListener* listener) const {
    return MatchAndExplain(*faults, listener);
  }
  void DescribeTo(std::ostream* out) const;
  void DescribeNegationTo(std::ostream* out) const;
};

inline AllRulesFiredMatcher AllRulesFired() { return {}; }

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_MATCHERS_H_
