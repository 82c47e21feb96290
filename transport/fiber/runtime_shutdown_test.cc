// How a Runtime ends, and what it says of fibers that do not.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/leak_check.h"
#include "testing/wait_until_blocked.h"
#include "transport/descriptor.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/fiber/run_blocking.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/scope.h"
#include "transport/sleep.h"

namespace plumb {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

size_t CountIn(const char* folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(folder)) {
    ++count;
  }
  return count;
}

TEST(RuntimeTest, TheEndCancelsAndWaits) {
  Event never;
  std::atomic<int> ended{0};
  {
    Runtime runtime(Workers(2));
    for (int i = 0; i < 100; ++i) {
      runtime.Go([&] {
        EXPECT_TRUE(IsCancelledCall(never.Wait()));
        Yield();
        ++ended;
      });
    }
  }
  EXPECT_EQ(ended, 100);
}

TEST(RuntimeTest, LeavesNeitherThreadsNorDescriptors) {
  constexpr int kBlocking = 3;
  // One of another test may be about to end.
  const size_t threads = CountIn("/proc/self/task");
  const size_t descriptors = CountIn("/proc/self/fd");
  {
    RuntimeOptions options = Workers(3);
    options.blocking_threads = kBlocking;
    Runtime runtime(options);
    std::atomic<int> inside{0};
    for (int i = 0; i < kBlocking; ++i) {
      runtime.Go([&] {
        // Each on its own thread.
        RunBlocking([&] {
          ++inside;
          while (inside < kBlocking) std::this_thread::yield();
        });
      });
    }
    ASSERT_TRUE(WaitUntil([&] { return inside == kBlocking; }, "all run"));
    EXPECT_GE(CountIn("/proc/self/task"), 1u + 3 + kBlocking);
    EXPECT_GT(CountIn("/proc/self/fd"), descriptors);
    EXPECT_EQ(runtime.Shutdown(absl::InfiniteDuration()), absl::OkStatus());
  }
  // One that was joined is there for a moment.
  EXPECT_TRUE(WaitUntil([&] { return CountIn("/proc/self/task") <= threads; },
                        "no thread is left"));
  EXPECT_EQ(CountIn("/proc/self/fd"), descriptors);
}

TEST(RuntimeTest, TwoMayShutItDownAtOnce) {
  Event release;
  Runtime runtime;
  runtime.Go([&] {
    const ShieldScope shield;
    EXPECT_EQ(release.Wait(), absl::OkStatus());
  });
  RuntimeOptions options;
  options.workers = 1;
  Runtime callers(options);
  const auto shut_down = [&] {
    EXPECT_EQ(runtime.Shutdown(absl::InfiniteDuration()), absl::OkStatus());
  };
  const Fiber one = callers.Go(shut_down), other = callers.Go(shut_down);
  callers.Go([] {}).Join();  // Its turn comes when both wait.
  release.Notify();
  one.Join();
  other.Join();
}

TEST(RuntimeTest, ShutdownSaysWhoIsStuck) {
  Event end;
  Runtime runtime(Workers(1));
  for (const char* name : {"stubborn", "deaf"}) {
    runtime.Go(name, [&] {
      const ShieldScope shield;
      (void)end.Wait();
    });
  }
  const absl::Status status = runtime.Shutdown(absl::Milliseconds(5));
  EXPECT_EQ(status, absl::DeadlineExceededError(
                        "shutdown: 2 fibers have not ended: \"deaf\", "
                        "\"stubborn\""));
  // Both go on, and so does the Runtime.
  bool ran = false;
  runtime.Go([&] { ran = true; }).Join();
  EXPECT_TRUE(ran);
  end.Notify();
  EXPECT_EQ(runtime.Shutdown(absl::InfiniteDuration()), absl::OkStatus());
}

TEST(RuntimeTest, ShutdownCancelsThoseThatStartMeanwhileAndLater) {
  Runtime runtime(Workers(1));
  absl::Status meanwhile, later;
  runtime.Go([&] {
    Event never;
    EXPECT_TRUE(IsCancelledCall(never.Wait()));
    // Shutdown waits for this one.
    Go([&] { meanwhile = plumb::SleepFor(absl::Hours(1)); }).Join();
  });
  EXPECT_EQ(runtime.Shutdown(absl::InfiniteDuration()), absl::OkStatus());
  runtime.Go([&] { later = plumb::SleepFor(absl::Hours(1)); }).Join();
  EXPECT_TRUE(IsCancelledCall(meanwhile)) << meanwhile;
  EXPECT_TRUE(IsCancelledCall(later)) << later;
}

TEST(RuntimeTest, TheEndTellsAgainAndAgainWhoIsStuck) {
  // absl's symbolizer keeps the files open whose functions it has named.
  AllowLeaksInThisTest();
  RuntimeOptions options = Workers(1);
  options.report_stuck_after = absl::Milliseconds(1);
  auto runtime = std::make_unique<Runtime>(options);
  Event release;
  runtime->Go("stubborn", [&] {
    const ShieldScope shield;
    EXPECT_EQ(release.Wait(), absl::OkStatus());
  });
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  const Descriptor told(fds[0]);
  const Descriptor standard_error(dup(STDERR_FILENO));
  ASSERT_EQ(dup2(fds[1], STDERR_FILENO), STDERR_FILENO);
  close(fds[1]);
  std::thread destroyer([&] {
    runtime.reset();
    // The pipe ends here.
    EXPECT_EQ(dup2(standard_error.get(), STDERR_FILENO), STDERR_FILENO);
  });
  constexpr char kReport[] =
      "plumb::Runtime: waiting for fibers that do not end:\n"
      "fiber \"stubborn\", ";
  std::string text;
  char some[4096];
  for (ssize_t n; (n = read(told.get(), some, sizeof some)) > 0;) {
    text.append(some, static_cast<size_t>(n));
    const size_t first = text.find(kReport);
    const bool twice =
        first != text.npos && text.find(kReport, first + 1) != text.npos;
    if (twice) release.Notify();
  }
  destroyer.join();
  EXPECT_THAT(text, StartsWith(kReport));
  EXPECT_THAT(text, HasSubstr(" old, in wait for an event\n"));
}

TEST(RuntimeTest, RunMainReturnsTheResultAndEndsTheRest) {
  bool cancelled = false;
  const int result = RunMain(Workers(1), [&] {
    Go([&] {
      Event never;
      cancelled = IsCancelledCall(never.Wait());
    });
    Yield();
    return 7;
  });
  EXPECT_EQ(result, 7);
  EXPECT_TRUE(cancelled);
}

TEST(RuntimeDeathTest, ARuntimeDoesNotEndOnItsOwnFiber) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        auto* runtime = new Runtime(Workers(1));
        runtime->Go([&] { delete runtime; }).Join();
      },
      "plumb::Runtime: destroyed on one of its own fibers");
}

}  // namespace
}  // namespace plumb
