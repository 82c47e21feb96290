#include "testing/fault/fault_swizzle.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "testing/fault/fault_hash.h"

namespace plumb {

void AddSwizzle(absl::Span<const std::string> hosts,
                const SwizzleOptions& options, FaultPlan* plan) {
  const absl::Duration half = (options.until - options.from) / 2;
  const uint64_t round =
      FaultMix(options.seed,
               static_cast<uint64_t>(absl::ToInt64Nanoseconds(options.from)));
  std::vector<std::pair<absl::Duration, FaultStep>> steps;
  for (const std::string& host : hosts) {
    const uint64_t key =
        FaultMix(round, FaultHash(absl::AsciiStrToLower(host)));
    if (FaultFraction(FaultDraw(key, 0)) >= options.share) continue;
    FaultStep step;
    step.set_pause(host);
    steps.emplace_back(options.from + half * FaultFraction(FaultDraw(key, 1)),
                       step);
    step.set_resume(host);
    steps.emplace_back(
        options.from + half + half * FaultFraction(FaultDraw(key, 2)), step);
  }
  std::stable_sort(
      steps.begin(), steps.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [at, step] : steps) {
    step.set_at(absl::FormatDuration(absl::Trunc(at, absl::Microseconds(1))));
    *plan->add_timeline() = std::move(step);
  }
}

}  // namespace plumb
