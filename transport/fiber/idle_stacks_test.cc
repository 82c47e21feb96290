// A Runtime that lives on gives back the memory of the stacks of fibers that
// have ended. Takes as long as they have to lie idle.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/event.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime.h"
#include "transport/sleep.h"

namespace plumb {
namespace {

constexpr size_t kFibers = 1000;
// A worker keeps some stacks at hand, whatever their age.
constexpr size_t kKept = 200;

char* PageOf(const void* address) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  return reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(address) / page *
                                 page);
}

bool IsInMemory(char* page) {
  unsigned char in = 0;
  EXPECT_EQ(mincore(page, 1, &in), 0);
  return (in & 1) != 0;
}

size_t HowManyAreInMemory(const std::vector<char*>& pages) {
  size_t count = 0;
  for (char* page : pages) count += IsInMemory(page) ? 1 : 0;
  return count;
}

TEST(IdleStacksTest, MemoryGoesBackWhileTheRuntimeLives) {
  RuntimeOptions options;
  options.workers = 1;
  Runtime runtime(options);
  std::vector<char*> pages;
  Event all_run;
  std::vector<Fiber> fibers;
  for (size_t i = 0; i < kFibers; ++i) {
    fibers.push_back(runtime.Go([&] {
      volatile char deep[32 * 1024];
      deep[0] = 1;
      pages.push_back(PageOf(const_cast<const char*>(deep)));
      if (pages.size() == kFibers) all_run.Notify();
      EXPECT_TRUE(all_run.Wait().ok());
    }));
  }
  for (const Fiber& fiber : fibers) fiber.Join();
  ASSERT_EQ(HowManyAreInMemory(pages), kFibers);
  // The Runtime does other things meanwhile, seldom.
  while (HowManyAreInMemory(pages) > kKept) {
    runtime.Go([] { EXPECT_TRUE(plumb::SleepFor(absl::Milliseconds(1)).ok()); })
        .Join();
  }
}

}  // namespace
}  // namespace plumb
