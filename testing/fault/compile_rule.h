// A rule of a FaultPlan as a FaultSpec.
//
// Threads: a function of its arguments.
#ifndef PLUMB_TESTING_FAULT_COMPILE_RULE_H_
#define PLUMB_TESTING_FAULT_COMPILE_RULE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "testing/fault/fault_plan.pb.h"
#include "testing/fault/fault_spec.h"

namespace plumb {

// Errors: InvalidArgument, with the path of the field: `delay.min: negative:
// "-5ms"`. Its `spans` are those of its own fields, without a timeline.
absl::StatusOr<FaultSpec> CompileRule(const FaultRule& rule);

// `text` as a duration from zero on; `missing` when it is empty. Errors:
// InvalidArgument, with `field` before the cause.
absl::StatusOr<absl::Duration> ReadDuration(absl::string_view field,
                                            absl::string_view text,
                                            absl::Duration missing);

// InvalidArgument, `field: why`.
absl::Status BadField(absl::string_view field, absl::string_view why);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_COMPILE_RULE_H_
