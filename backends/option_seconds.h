// Durations as socket options have them.
#ifndef PLUMB_BACKENDS_OPTION_SECONDS_H_
#define PLUMB_BACKENDS_OPTION_SECONDS_H_

#include <algorithm>
#include <cstdint>
#include <limits>

#include "absl/time/time.h"

namespace plumb {

// Whole seconds for an option that counts in them, rounded up; 0 of a negative
// duration.
inline int OptionSeconds(absl::Duration duration) {
  const int64_t seconds =
      absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1)));
  return static_cast<int>(
      std::clamp<int64_t>(seconds, 0, std::numeric_limits<int>::max()));
}

}  // namespace plumb

#endif  // PLUMB_BACKENDS_OPTION_SECONDS_H_
