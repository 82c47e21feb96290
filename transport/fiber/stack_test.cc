#include "transport/fiber/stack.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <set>
#include <string>

#include "gtest/gtest.h"

namespace plumb {
namespace {

class StackTest : public testing::TestWithParam<StackArena::Guard> {};

TEST_P(StackTest, HasItsSizeLessTheGuard) {
  StackArena arena(100 * 1000, GetParam());
  const Stack stack = arena.New();
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  EXPECT_EQ(stack.size,
            (100 * 1000 + page - 1) / page * page - StackArena::kGuardSize);
  std::memset(stack.low, 1, stack.size);
  EXPECT_EQ(stack.high()[-1], 1);
}

TEST_P(StackTest, NoTwoOverlap) {
  StackArena arena(64 * 1024, GetParam());
  std::set<char*> lows;
  for (int i = 0; i < 200; ++i) lows.insert(arena.New().low);
  char* before = nullptr;
  for (char* low : lows) {
    if (before != nullptr) {
      EXPECT_GE(low - before, 64 * 1024);
    }
    before = low;
  }
  EXPECT_EQ(lows.size(), 200u);
}

TEST_P(StackTest, BelowItIsAFault) {
  StackArena arena(64 * 1024, GetParam());
  const Stack stack = arena.New();
  volatile char* const below = stack.low - 1;
  EXPECT_DEATH(*below = 1, "");
  volatile char* const lowest = stack.low - StackArena::kGuardSize;
  EXPECT_DEATH(*lowest = 1, "");
}

TEST_P(StackTest, KnowsItsGuard) {
  StackArena arena(64 * 1024, GetParam());
  const Stack stack = arena.New();
  EXPECT_FALSE(StackArena::InGuard(stack, stack.low));
  EXPECT_TRUE(StackArena::InGuard(stack, stack.low - 1));
  EXPECT_TRUE(StackArena::InGuard(stack, stack.low - StackArena::kGuardSize));
  EXPECT_FALSE(
      StackArena::InGuard(stack, stack.low - StackArena::kGuardSize - 1));
}

TEST_P(StackTest, DiscardedMemoryReadsAsZeroAndKeepsItsGuard) {
  StackArena arena(64 * 1024, GetParam());
  const Stack stack = arena.New();
  std::memset(stack.low, 1, stack.size);
  StackArena::Discard(stack);
  EXPECT_EQ(stack.low[0], 0);
  EXPECT_EQ(stack.high()[-1], 0);
  volatile char* const below = stack.low - 1;
  EXPECT_DEATH(*below = 1, "");
}

INSTANTIATE_TEST_SUITE_P(
    Guards, StackTest,
    testing::Values(StackArena::Guard::kBest, StackArena::Guard::kProtect),
    [](const auto& param) {
      return std::string(param.param == StackArena::Guard::kBest ? "Best"
                                                                 : "Protect");
    });

TEST(StackSizeTest, IsLargeEnoughForItsGuard) {
  StackArena arena(1);
  EXPECT_GE(arena.New().size, StackArena::kGuardSize);
}

}  // namespace
}  // namespace plumb
