// Runs each of ORDERS and prints how many interleavings it had. Those that have
// more than 20,000 stop there, unless the variable PLUMB_INTERLEAVINGS says
// otherwise:
//
//   bazel test -c opt //testing/interleave:orders_test --test_output=all
//       --test_env=PLUMB_INTERLEAVINGS=1000000000
//
// With PLUMB_MUTANT one of them has to fail.
#include "testing/interleave/orders.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "gtest/gtest.h"
#include "testing/interleave/explorer.h"

namespace plumb {
namespace interleave {
namespace {

int64_t Limit() {
  const char* const text = std::getenv("PLUMB_INTERLEAVINGS");
  return text == nullptr ? 20000 : std::atoll(text);
}

#if defined(PLUMB_MUTANT)

TEST(OrdersTest, FindTheBug) {
  for (const Orders& orders : AllOrders()) {
    const Outcome outcome = Explore(orders.make, Limit());
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
  const Outcome outcome = Explore(GetParam().make, Limit());
  EXPECT_EQ(outcome.failure, "");
  std::printf("%s: %s%lld interleavings\n", GetParam().name,
              outcome.complete ? "all " : "NOT ALL, the first ",
              static_cast<long long>(outcome.interleavings));
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
