// For tests that pin what a script comes to.
#ifndef PLUMB_TESTING_DIFFERENTIAL_EXPECT_PINNED_H_
#define PLUMB_TESTING_DIFFERENTIAL_EXPECT_PINNED_H_

#include <string>

#include "absl/strings/string_view.h"
#include "testing/differential/fake_net.h"

namespace plumb {

// The last step of `script` has these outcomes on the kernel and on the fake;
// all steps before it have the same on both.
void ExpectPinned(FakeWays ways, absl::string_view script,
                  absl::string_view kernel, absl::string_view fake);

// All steps have the same outcome on both, both ways of the fake, and the last
// one has this one.
void ExpectSame(absl::string_view script, absl::string_view last);

// The same on networks of which some have a time of their own
// (MakeTimedFakeNet), with packets alone where something is lost; the kernel's
// timers are to be shortened before (named_timers_test.cc).
void ExpectSameInTime(absl::string_view script, absl::string_view last);

// What the last step of `script` comes to on the fake alone, in its own time.
std::string LastInTime(FakeWays ways, absl::string_view script);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_EXPECT_PINNED_H_
