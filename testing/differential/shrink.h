// Makes a script that shows a difference smaller: delta debugging.
#ifndef PLUMB_TESTING_DIFFERENTIAL_SHRINK_H_
#define PLUMB_TESTING_DIFFERENTIAL_SHRINK_H_

#include "testing/differential/compare.h"

namespace plumb {

// No step can be left out, and no number made smaller, without losing the
// difference or getting another kind of it. Never fails: at worst it is what it
// was.
Difference Shrink(Comparer& comparer, const Difference& difference);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_SHRINK_H_
