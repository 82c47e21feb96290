// Runs each of ORDERS in all of its interleavings and prints how many it had;
// of BOUNDED_ORDERS the first 5,000, unless the variable PLUMB_INTERLEAVINGS
// says otherwise:
//
//   bazel test -c opt //testing/interleave:orders_test --test_output=all
//       --test_env=PLUMB_INTERLEAVINGS=1000000000
//
// With PLUMB_MUTANT one of them has to fail.
#include "testing/interleave/orders.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "testing/interleave/explorer.h"

namespace plumb {
namespace interleave {
namespace {

// More than any of ORDERS has: the longest takes some ten seconds.
constexpr int64_t kMost = 3000000;

int64_t Limit(const Orders& orders) {
  if (orders.why_bounded == nullptr) return kMost;
  const char* const text = std::getenv("PLUMB_INTERLEAVINGS");
  return text == nullptr ? 5000 : std::atoll(text);
}

#if defined(PLUMB_MUTANT)

TEST(OrdersTest, FindTheBug) {
  for (const Orders& orders : AllOrders()) {
    const Outcome outcome =
        Explore(orders.make, std::min<int64_t>(Limit(orders), 100000));
    if (outcome.failure.empty()) continue;
    std::printf("%s, order %lld: %s\n", orders.name,
                static_cast<long long>(outcome.interleavings),
                outcome.failure.c_str());
    return;
  }
  ADD_FAILURE() << "nobody noticed";
}

#else

class OrdersTest : public testing::TestWithParam<Orders> {};

TEST_P(OrdersTest, AllAreRight) {
  const Orders& orders = GetParam();
  const Outcome outcome = Explore(orders.make, Limit(orders));
  EXPECT_EQ(outcome.failure, "");
  if (orders.why_bounded == nullptr) {
    EXPECT_TRUE(outcome.complete) << "more than " << kMost;
  }
  std::printf("%s: %s%lld interleavings\n", orders.name,
              outcome.complete ? "all " : "the first ",
              static_cast<long long>(outcome.interleavings));
  if (!outcome.complete && orders.why_bounded != nullptr) {
    std::printf("  not all: %s\n", orders.why_bounded);
  }
  RecordProperty("interleavings", std::to_string(outcome.interleavings));
}

INSTANTIATE_TEST_SUITE_P(All, OrdersTest, testing::ValuesIn(AllOrders()),
                         [](const testing::TestParamInfo<Orders>& each) {
                           return each.param.name;
                         });

#endif

}  // namespace
}  // namespace interleave
}  // namespace plumb
