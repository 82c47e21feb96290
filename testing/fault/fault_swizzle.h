// A timeline that pauses and resumes hosts at random: some of them stop one
// after the other, and go on in another order, so that all the ways in which
// they can miss each other come up (the "swizzle clogging" of FoundationDB's
// simulation).
//
//   plumb::FaultPlan plan = plumb::LanPlan();
//   for (int round = 0; round < 5; ++round) {
//     plumb::SwizzleOptions options;
//     options.seed = seed;
//     options.from = absl::Seconds(10 * round);
//     options.until = options.from + absl::Seconds(8);
//     plumb::AddSwizzle({"db1", "db2", "db3", "web"}, options, &plan);
//   }
//
// It is plain steps, to print and to change. What happens to a host is a hash
// of the seed, the time and its name: another host shifts nothing.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_FAULT_FAULT_SWIZZLE_H_
#define PLUMB_TESTING_FAULT_FAULT_SWIZZLE_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "testing/fault/fault_plan.pb.h"

namespace plumb {

struct SwizzleOptions {
  uint64_t seed = 0;
  // From the plan's start. Who is paused is so from somewhere in the first half
  // of this time to somewhere in the second.
  absl::Duration from = absl::ZeroDuration();
  absl::Duration until = absl::Seconds(10);
  // How likely a host is to be paused, 0 to 1.
  double share = 0.5;
};

// Adds the steps to `plan`, in their order. Spans of one host must not overlap:
// a plan with such is refused when it is loaded.
void AddSwizzle(absl::Span<const std::string> hosts,
                const SwizzleOptions& options, FaultPlan* plan);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_SWIZZLE_H_
