#include "backends/posix/backoff.h"

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

TEST(Backoff, DoublesFromOneToFiftyMilliseconds) {
  Backoff backoff;
  for (int ms : {1, 2, 4, 8, 16, 32, 50, 50}) {
    EXPECT_EQ(backoff.Next(), absl::Milliseconds(ms));
  }
}

}  // namespace
}  // namespace plumb
