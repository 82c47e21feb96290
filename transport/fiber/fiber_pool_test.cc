#include "transport/fiber/fiber_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "transport/clock.h"
#include "transport/fiber/fiber_waiter.h"
#include "transport/fiber/stack.h"

namespace plumb {
namespace {

constexpr MonotonicNanos kIdle = FiberPool::kIdleTime;

// How many pages of its stack are in memory.
int64_t ResidentPages(const FiberWaiter& fiber) {
  const Stack& stack = fiber.stack();
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages(stack.size / page);
  EXPECT_EQ(mincore(stack.low, stack.size, pages.data()), 0);
  return std::count_if(pages.begin(), pages.end(),
                       [](unsigned char in) { return (in & 1) != 0; });
}

void Touch(const FiberWaiter& fiber) {
  std::memset(fiber.stack().high() - 32 * 1024, 'x', 32 * 1024);
}

class FiberPoolTest : public testing::TestWithParam<StackArena::Guard> {
 protected:
  std::vector<FiberWaiter*> Take(size_t count) {
    std::vector<FiberWaiter*> fibers;
    pool_.Take(count, fibers);
    for (FiberWaiter* fiber : fibers) Touch(*fiber);
    return fibers;
  }
  void Give(std::vector<FiberWaiter*> fibers) {
    pool_.Give(fibers.size(), fibers);
  }

  FiberPool pool_{64 * 1024, GetParam()};
};

TEST_P(FiberPoolTest, TheOneUsedLastIsUsedFirst) {
  const std::vector<FiberWaiter*> fibers = Take(3);
  Give(fibers);
  EXPECT_EQ(Take(1)[0], fibers[2]);
}

TEST_P(FiberPoolTest, MemoryOfStacksThatLieIdleGoesBack) {
  const std::vector<FiberWaiter*> fibers = Take(100);
  Give(fibers);
  MonotonicNanos now = 1000;
  pool_.GiveBackIdle(now);
  EXPECT_EQ(pool_.due(), now + kIdle);
  pool_.GiveBackIdle(now + kIdle / 2);
  EXPECT_EQ(pool_.due(), now + kIdle);
  for (FiberWaiter* fiber : fibers) EXPECT_EQ(ResidentPages(*fiber), 8);
  now += kIdle;
  pool_.GiveBackIdle(now);
  for (FiberWaiter* fiber : fibers) EXPECT_EQ(ResidentPages(*fiber), 0);
  EXPECT_EQ(pool_.due(), kNever) << "nothing is left";
}

TEST_P(FiberPoolTest, ThoseUsedMeanwhileKeepTheirs) {
  const std::vector<FiberWaiter*> fibers = Take(10);
  Give(fibers);
  MonotonicNanos now = 1000;
  pool_.GiveBackIdle(now);
  Give(Take(4));  // the last four
  now += kIdle;
  pool_.GiveBackIdle(now);
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(ResidentPages(*fibers[i]), 0);
  for (size_t i = 6; i < 10; ++i) EXPECT_EQ(ResidentPages(*fibers[i]), 8);
  now += kIdle;
  pool_.GiveBackIdle(now);
  for (FiberWaiter* fiber : fibers) EXPECT_EQ(ResidentPages(*fiber), 0);
}

TEST_P(FiberPoolTest, GivesAllBackAtTheEnd) {
  const std::vector<FiberWaiter*> fibers = Take(10);
  Give(fibers);
  pool_.GiveBackAll();
  for (FiberWaiter* fiber : fibers) EXPECT_EQ(ResidentPages(*fiber), 0);
}

INSTANTIATE_TEST_SUITE_P(Guards, FiberPoolTest,
                         testing::Values(StackArena::Guard::kBest,
                                         StackArena::Guard::kProtect));

}  // namespace
}  // namespace plumb
