// Fibers under an AddressSanitizer that sees a frame used after it is gone.
#include <cstring>

#include "absl/base/attributes.h"
#include "absl/base/config.h"
#include "gtest/gtest.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"

namespace plumb {
namespace {

// Their frames end with them, and leave room for those of others.
TEST(FakeStacksTest, FibersComeAndGo) {
  Runtime runtime(Workers(1));
  int sum = 0;
  for (int i = 0; i < 10000; ++i) {
    runtime
        .Go([&sum] {
          char frame[512];
          std::memset(frame, 1, sizeof frame);
          Yield();
          sum += frame[0] + frame[sizeof frame - 1];
        })
        .Join();
  }
  EXPECT_EQ(sum, 20000);
}

#if defined(ABSL_HAVE_ADDRESS_SANITIZER)

ABSL_ATTRIBUTE_NOINLINE volatile char* GoneFrame() {
  volatile char frame[64];
  volatile char* volatile address = frame;
  return address;
}

TEST(FakeStacksDeathTest, AFrameThatIsGoneIsStillSeenAfterASwitch) {
  EXPECT_DEATH(
      {
        Runtime runtime(Workers(1));
        runtime
            .Go([] {
              volatile char* const gone = GoneFrame();
              Yield();
              *gone = 1;
            })
            .Join();
      },
      "stack-use-after-return");
}

#endif

}  // namespace
}  // namespace plumb
