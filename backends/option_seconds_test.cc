#include "backends/option_seconds.h"

#include <limits>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(OptionSeconds, AreRoundedUp) {
  EXPECT_EQ(OptionSeconds(absl::Nanoseconds(1)), 1);
  EXPECT_EQ(OptionSeconds(absl::Seconds(15)), 15);
  EXPECT_EQ(OptionSeconds(absl::Seconds(15) + absl::Nanoseconds(1)), 16);
  EXPECT_EQ(OptionSeconds(absl::ZeroDuration()), 0);
  EXPECT_EQ(OptionSeconds(absl::Seconds(-3)), 0);
  EXPECT_EQ(OptionSeconds(absl::InfiniteDuration()),
            std::numeric_limits<int>::max());
}

}  // namespace
}  // namespace plumb
