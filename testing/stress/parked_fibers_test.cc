// How much memory a parked fiber takes: resident bytes and page tables.
//
//   bazel test -c opt //testing/stress:parked_fibers_test --test_output=all
//       --test_env=PLUMB_FIBERS=1000000
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/stress/amount.h"
#include "transport/event.h"
#include "transport/fiber/runtime.h"

namespace plumb {
namespace {

// What /proc/self/status says, in bytes.
int64_t StatusField(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    int64_t kilobytes;
    if (word == name + ":" && status >> kilobytes) return kilobytes * 1024;
  }
  ADD_FAILURE() << "no " << name;
  return 0;
}

// S-RT-02.
TEST(ParkedFibersTest, CostLittleMoreThanAPage) {
  const int64_t count = AmountFromEnv(
      "PLUMB_FIBERS", kSanitizer == Sanitizer::kNone ? 100000 : 2000);
  RuntimeOptions options;
  options.workers = 1;
  Runtime runtime(options);
  runtime.Go([] {}).Join();
  const int64_t resident = StatusField("VmRSS");
  const int64_t tables = StatusField("VmPTE");
  Event started, end;
  std::atomic<int64_t> parked{0}, ended{0};
  for (int64_t i = 0; i < count; ++i) {
    runtime.Go([&] {
      if (++parked == count) started.Notify();
      EXPECT_EQ(end.Wait(), absl::OkStatus());
      ++ended;
    });
  }
  ASSERT_EQ(started.Wait(), absl::OkStatus());
  runtime.Go([] {}).Join();  // the last one waits now
  const double resident_each =
      static_cast<double>(StatusField("VmRSS") - resident) /
      static_cast<double>(count);
  const double tables_each =
      static_cast<double>(StatusField("VmPTE") - tables) /
      static_cast<double>(count);
  std::printf(
      "%lld parked fibers: %.0f bytes resident and %.0f of page tables each, "
      "%.2f KiB\n",
      static_cast<long long>(count), resident_each, tables_each,
      (resident_each + tables_each) / 1024);
  if (kSanitizer == Sanitizer::kNone) {
    EXPECT_LE(resident_each + tables_each, 4.7 * 1024);
  }
  end.Notify();
  EXPECT_EQ(runtime.Shutdown(absl::InfiniteDuration()), absl::OkStatus());
  EXPECT_EQ(ended, count);
}

}  // namespace
}  // namespace plumb
