// What cannot be meant: a rule that nothing fits, and two rules that contradict
// each other. README.md has the definitions, of which each is an error:
//   senseless      no packet and no call fits the rule
//   never reached  another rule, before it, decides whatever it would fire on
//   idle           another rule ends whatever it would change
//   at odds        both are certain, end differently and meet, and neither is
//                  about all that the other is about
// They are found from the plan alone, so that a name and an address are never
// the same host.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_FAULT_FAULT_CONTRADICTION_H_
#define PLUMB_TESTING_FAULT_FAULT_CONTRADICTION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "testing/fault/fault_spec.h"

namespace plumb {

// Errors: InvalidArgument, `match.segment: nothing fits: a datagram is DATA,
// and not OPEN`.
absl::Status CheckSense(const FaultSpec& rule);

// Errors: InvalidArgument, which names both rules: `rule[1] 'b': reset: never
// reached: rule[0] 'a' (partition) always decides before`. On a fake network a
// dial is a packet too.
absl::Status CheckContradictions(absl::Span<const FaultSpec> rules,
                                 bool on_fake);

// `rule[3] 'slow'`.
std::string FaultRulePath(size_t index, absl::string_view id);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_CONTRADICTION_H_
