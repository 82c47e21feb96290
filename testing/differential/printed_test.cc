// A test as FormatAsTest prints it (compare.h): shrink_test says that it does.
// It is of a difference that there is: the port of what was closed first.

#include "gtest/gtest.h"
#include "testing/differential/expect_pinned.h"
#include "testing/differential/fake_net.h"

namespace plumb {
namespace {

// clang-format off
TEST(PinnedTest, NameMe) {
  ExpectPinned(FakeWays::kDirect, R"(
listen L0 tcp A:1
dial C0 tcp L0 from=B:2
close C0
dial C2 tcp L0 from=B:2
)",
               R"(ALREADY_EXISTS EADDRINUSE from tcp B:#2 to tcp A:#1: dial tcp B:#2->A:#1: bind: address already in use)",
               R"(ok tcp B:#2 to tcp A:#1)");
}
// clang-format on

}  // namespace
}  // namespace plumb
