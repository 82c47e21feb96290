#include "testing/wait_until_blocked.h"

#include <algorithm>

#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/scope.h"
#include "transport/sleep.h"

namespace plumb {
::testing::AssertionResult WaitUntil(absl::FunctionRef<bool()> condition,
                                     absl::string_view what,
                                     absl::Duration limit) {
  const ShieldScope shield;
  const MonotonicNanos start = Clock::Real().MonotonicNow();
  absl::Duration pause = absl::Microseconds(10);
  while (!condition()) {
    const absl::Duration passed =
        absl::Nanoseconds(Clock::Real().MonotonicNow() - start);
    if (passed > limit) {
      return ::testing::AssertionFailure()
             << "after " << passed << " still not: " << what;
    }
    plumb::SleepFor(pause).IgnoreError();
    pause = std::min(pause * 2, absl::Milliseconds(1));
  }
  return ::testing::AssertionSuccess();
}

int CountBlocked(const BlockedProbe& probe, Direction direction) {
  if (direction != Direction::kBoth) return probe.BlockedCalls(direction);
  return probe.BlockedCalls(Direction::kRead) +
         probe.BlockedCalls(Direction::kWrite);
}

::testing::AssertionResult WaitUntilBlocked(BlockedProbe* probe, int count,
                                            Direction direction) {
  if (probe == nullptr) {
    return ::testing::AssertionFailure() << "there is no BlockedProbe";
  }
  ::testing::AssertionResult result =
      WaitUntil([&] { return CountBlocked(*probe, direction) >= count; },
                "as many calls blocked as expected");
  if (result) return result;
  return result << ": " << CountBlocked(*probe, direction) << " of " << count;
}

}  // namespace plumb
