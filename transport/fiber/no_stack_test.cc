// What happens where the kernel has no marks for guards (before Linux 6.13),
// and where there is no memory for another stack, or no descriptor for an
// epoll.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "testing/no_descriptors_for_test.h"
#include "transport/event.h"
#include "transport/fiber/overflow_for_test.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/stack.h"
#include "transport/fiber/workers_for_test.h"

// In place of the C library's, in this program: that of a kernel which does not
// know MADV_GUARD_INSTALL.
extern "C" int madvise(void* address, size_t size, int advice) noexcept {
  constexpr int kGuardInstall = 102;
  if (advice == kGuardInstall) {
    errno = EINVAL;
    return -1;
  }
  return static_cast<int>(syscall(SYS_madvise, address, size, advice));
}

namespace plumb {
namespace {

TEST(NoStackDeathTest, OverflowIntoAProtectedGuardNamesTheFiber) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        Runtime runtime(Workers(1));
        runtime.Go("deep", OverflowTheStack).Join();
      },
      "plumb: stack overflow in fiber \"deep\": it has 240 KiB");
}

int64_t MaxMapCount() {
  std::ifstream file("/proc/sys/vm/max_map_count");
  int64_t count = 0;
  file >> count;
  return count;
}

// Each takes two mappings: the stack and its guard.
TEST(NoStackTest, ProtectedGuardsEndAtTheLimitOfMappings) {
  int64_t count = 0;
  {
    StackArena arena(64 * 1024);
    while (arena.New().low != nullptr) ++count;
    EXPECT_EQ(arena.New().low, nullptr) << "and again";
  }
  EXPECT_GT(count, MaxMapCount() / 2 - 1000);
  EXPECT_LE(count, MaxMapCount() / 2);
  StackArena another(64 * 1024);
  EXPECT_NE(another.New().low, nullptr);
}

void LimitAddressSpace(size_t bytes) {
  const rlimit limit = {bytes, bytes};
  EXPECT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
}

TEST(NoStackDeathTest, GoSaysThatThereIsNoMemory) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        Runtime runtime(Workers(1));
        Event never;
        LimitAddressSpace(size_t{2} << 30);
        // 256 KiB each.
        for (int i = 0; i < 10000; ++i) {
          runtime.Go([&] { (void)never.Wait(); });
        }
      },
      "plumb: no memory for the stack of another fiber; on kernels before "
      "Linux 6.13 raise vm.max_map_count, of which each takes two");
}

TEST(NoStackDeathTest, WithoutDescriptorsThereIsNoRuntimeEither) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        const NoDescriptors none;
        const Runtime runtime(Workers(1));
      },
      "plumb::Runtime: epoll: Too many open files");
}

}  // namespace
}  // namespace plumb
