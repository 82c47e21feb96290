// Makes a script that shows a difference smaller: delta debugging.
#ifndef PLUMB_TESTING_DIFFERENTIAL_SHRINK_H_
#define PLUMB_TESTING_DIFFERENTIAL_SHRINK_H_

#include <optional>

#include "absl/functional/function_ref.h"
#include "testing/differential/compare.h"
#include "testing/differential/script.h"

namespace plumb {

// No step can be left out, and no number made smaller, without losing the
// difference or getting another kind of it. Never fails: at worst it is what it
// was. `compare` is as Comparer::Compare.
Difference Shrink(
    absl::FunctionRef<std::optional<Difference>(const Script&)> compare,
    const Difference& difference);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_SHRINK_H_
