#include "transport/fiber/runtime.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/leak_check.h"
#include "testing/wait_until_blocked.h"
#include "transport/clock.h"
#include "transport/descriptor.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/fiber/dump_fibers.h"
#include "transport/fiber/epoll_waits_for_test.h"
#include "transport/fiber/overflow_for_test.h"
#include "transport/fiber/run_blocking.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/scope.h"
#include "transport/sleep.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// absl's symbolizer keeps the files open whose functions it has named.
void AllowSymbolizersFiles() { AllowLeaksInThisTest(); }

size_t CountIn(const char* folder) {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(folder)) {
    ++count;
  }
  return count;
}

TEST(RuntimeTest, RunsAFiber) {
  Runtime runtime(Workers(1));
  int result = 0;
  const Fiber fiber = runtime.Go("answer", [&] { result = 42; });
  fiber.Join();
  EXPECT_EQ(result, 42);
  EXPECT_TRUE(fiber.done());
  EXPECT_EQ(fiber.name(), "");
}

TEST(RuntimeTest, AHandleKnowsTheName) {
  Runtime runtime(Workers(1));
  Event end;
  const Fiber fiber = runtime.Go("waiter", [&] { (void)end.Wait(); });
  EXPECT_EQ(fiber.name(), "waiter");
  EXPECT_FALSE(fiber.done());
  end.Notify();
  fiber.Join();
}

TEST(RuntimeTest, AnEmptyHandleHasEnded) {
  const Fiber none;
  EXPECT_TRUE(none.done());
  none.Join();
  none.Cancel();
}

TEST(RuntimeTest, FibersOfAFiberStayOnItsRuntime) {
  Runtime runtime(Workers(1));
  std::vector<int> order;
  runtime
      .Go([&] {
        const Fiber a = Go([&] { order.push_back(1); });
        const Fiber b = Go([&] { order.push_back(2); });
        order.push_back(0);
        a.Join();
        b.Join();
        order.push_back(3);
      })
      .Join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
}

TEST(RuntimeTest, YieldLetsOthersRun) {
  Runtime runtime(Workers(1));
  std::string log;
  runtime
      .Go([&] {
        const Fiber other = Go([&] {
          for (int i = 0; i < 3; ++i) {
            log += 'b';
            Yield();
          }
        });
        for (int i = 0; i < 3; ++i) {
          log += 'a';
          Yield();
        }
        other.Join();
      })
      .Join();
  EXPECT_EQ(log, "ababab");
}

TEST(RuntimeTest, ParkAndWakeTakeTurns) {
  Runtime runtime(Workers(1));
  constexpr int kRounds = 100000;
  int turn = 0;
  Waiter* waiters[2] = {};
  const auto play = [&](int me) {
    waiters[me] = &Waiter::Current();
    Yield();  // the other has set its own
    for (int i = 0; i < kRounds; ++i) {
      while (turn % 2 != me) Waiter::Current().Park(kNever, nullptr);
      ++turn;
      waiters[1 - me]->Wake();
    }
  };
  runtime
      .Go([&] {
        const Fiber a = Go([&] { play(0); });
        const Fiber b = Go([&] { play(1); });
        a.Join();
        b.Join();
      })
      .Join();
  EXPECT_EQ(turn, 2 * kRounds);
}

TEST(RuntimeTest, AThreadWakesAFiberAndAFiberAThread) {
  Runtime runtime(Workers(2));
  for (int i = 0; i < 1000; ++i) {
    Event to, fro;
    const Fiber fiber = runtime.Go([&] {
      EXPECT_EQ(to.Wait(), absl::OkStatus());
      fro.Notify();
    });
    to.Notify();
    EXPECT_EQ(fro.Wait(), absl::OkStatus());
    fiber.Join();
  }
}

TEST(RuntimeTest, ManyFibersOnSeveralWorkers) {
  Runtime runtime(Workers(4));
  std::atomic<int> sum{0};
  runtime
      .Go([&] {
        std::vector<Fiber> fibers;
        for (int i = 0; i < 5000; ++i) {
          fibers.push_back(Go([&, i] {
            if (i % 3 == 0) Yield();
            if (i % 7 == 0) {
              EXPECT_EQ(plumb::SleepFor(absl::Microseconds(i)),
                        absl::OkStatus());
            }
            ++sum;
          }));
        }
        for (const Fiber& fiber : fibers) fiber.Join();
      })
      .Join();
  EXPECT_EQ(sum, 5000);
}

TEST(RuntimeTest, AnIdleWorkerTakesFibersThatHaveNotStarted) {
  Runtime runtime(Workers(2));
  Event started;
  runtime
      .Go([&] {
        Go([&] { started.Notify(); });
        // Blocks this worker's thread, so that only the other one can.
        while (!started.HasBeenNotified()) std::this_thread::yield();
      })
      .Join();
}

TEST(RuntimeTest, AFiberStaysOnItsThread) {
  Runtime runtime(Workers(3));
  std::vector<Fiber> fibers;
  for (int i = 0; i < 50; ++i) {
    fibers.push_back(runtime.Go([] {
      const std::thread::id here = std::this_thread::get_id();
      for (int j = 0; j < 20; ++j) {
        EXPECT_EQ(plumb::SleepFor(absl::Microseconds(10)), absl::OkStatus());
        EXPECT_EQ(std::this_thread::get_id(), here);
      }
    }));
  }
  for (const Fiber& fiber : fibers) fiber.Join();
}

TEST(RuntimeTest, SleepsAreNeverShort) {
  Runtime runtime(Workers(1));
  std::vector<Fiber> fibers;
  for (int i = 0; i < 100; ++i) {
    fibers.push_back(runtime.Go([i] {
      const absl::Duration wanted = absl::Microseconds(97 * (i % 10));
      const MonotonicNanos start = Clock::Real().MonotonicNow();
      EXPECT_EQ(plumb::SleepFor(wanted), absl::OkStatus());
      EXPECT_GE(absl::Nanoseconds(Clock::Real().MonotonicNow() - start),
                wanted);
    }));
  }
  for (const Fiber& fiber : fibers) fiber.Join();
}

TEST(RuntimeTest, CancelEndsWhatAFiberWaitsFor) {
  Runtime runtime(Workers(1));
  Event never;
  absl::Status status;
  const Fiber fiber = runtime.Go([&] { status = never.Wait(); });
  fiber.Cancel();
  fiber.Join();
  EXPECT_TRUE(IsCancelledCall(status)) << status;
  EXPECT_EQ(status.message(), "wait: operation was canceled");
  fiber.Cancel();  // nothing any more
}

TEST(RuntimeTest, ADeadlineScopeEndsAWait) {
  Runtime runtime(Workers(1));
  Event never;
  absl::Status status;
  runtime
      .Go([&] {
        const DeadlineScope limit(absl::Milliseconds(2));
        status = never.Wait();
      })
      .Join();
  EXPECT_TRUE(IsTimeout(status)) << status;
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
  AllowSymbolizersFiles();
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

// The processors that the calling thread may be on.
std::set<int> Processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
  std::set<int> processors;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(static_cast<size_t>(i), &set)) processors.insert(i);
  }
  return processors;
}

TEST(RuntimeTest, AWorkerIsPinnedWhenAskedFor) {
  const std::set<int> all = Processors();
  for (const bool pin : {false, true}) {
    RuntimeOptions options = Workers(1);
    options.pin_workers = pin;
    Runtime runtime(options);
    std::set<int> own;
    runtime.Go([&] { own = Processors(); }).Join();
    EXPECT_EQ(own.size(), pin ? 1 : all.size());
  }
}

// What the worker of a fiber that waits has called.
struct WorkerCalls {
  int looks, waits;
};

// Those of one that had nothing to do until they were `enough`.
WorkerCalls CallsOfAnIdleWorker(absl::Duration spin,
                                bool (*enough)(WorkerCalls)) {
  RuntimeOptions options = Workers(1);
  options.spin = spin;
  Runtime runtime(options);
  std::atomic<bool> started{false};
  Event release;
  const Fiber fiber = runtime.Go([&] {
    epoll_looks = 0;
    epoll_waits = 0;
    started = true;
    EXPECT_EQ(release.Wait(), absl::OkStatus());
  });
  WorkerCalls calls = {};
  EXPECT_TRUE(WaitUntil(
      [&] {
        if (!started) return false;
        calls = {epoll_looks, epoll_waits};
        return enough(calls);
      },
      "the worker has called enough"));
  release.Notify();
  fiber.Join();
  return calls;
}

TEST(RuntimeTest, AnIdleWorkerSleeps) {
  const WorkerCalls calls =
      CallsOfAnIdleWorker(absl::ZeroDuration(),
                          [](WorkerCalls so_far) { return so_far.waits > 0; });
  EXPECT_LE(calls.looks, 1);
}

TEST(RuntimeTest, AWorkerThatSpinsKeepsTheProcessor) {
  const WorkerCalls calls = CallsOfAnIdleWorker(
      absl::Hours(1), [](WorkerCalls so_far) { return so_far.looks >= 1000; });
  EXPECT_EQ(calls.waits, 0);
}

TEST(RuntimeTest, ErrnoIsTheFibersOwn) {
  Runtime runtime(Workers(1));
  runtime
      .Go([] {
        const Fiber other = Go([] {
          errno = EPIPE;
          Yield();
          EXPECT_EQ(errno, EPIPE);
        });
        errno = ENOENT;
        Yield();
        EXPECT_EQ(errno, ENOENT);
        other.Join();
      })
      .Join();
}

TEST(RuntimeTest, CallsThatDoNotWaitYieldFromTimeToTime) {
  Runtime runtime(Workers(1));
  bool stop = false;
  int calls = 0;
  runtime
      .Go([&] {
        const Fiber other = Go([&] { stop = true; });
        while (!stop) {
          ++calls;
          Waiter::Current().CountCall();
        }
        other.Join();
      })
      .Join();
  EXPECT_EQ(calls, 64);
}

TEST(RuntimeTest, TimersAreSeenWhileFibersRunAllTheTime) {
  Runtime runtime(Workers(1));
  bool stop = false;
  std::vector<Fiber> fibers;
  for (int i = 0; i < 3; ++i) {
    fibers.push_back(runtime.Go([&] {
      while (!stop) Yield();
    }));
  }
  runtime
      .Go([&] {
        EXPECT_EQ(plumb::SleepFor(absl::Milliseconds(1)), absl::OkStatus());
        stop = true;
      })
      .Join();
  for (const Fiber& fiber : fibers) fiber.Join();
}

TEST(RuntimeTest, DumpTellsOfEachFiber) {
  AllowSymbolizersFiles();
  Runtime runtime(Workers(1));
  Event end;
  const Fiber a = runtime.Go("alpha", [&] { (void)end.Wait(); });
  const Fiber b =
      runtime.Go("beta", [&] { (void)plumb::SleepFor(absl::Hours(1)); });
  runtime.Go([] {}).Join();  // both wait now
  const std::string dump = DumpFibers();
  EXPECT_THAT(dump, HasSubstr("fiber \"alpha\", "));
  EXPECT_THAT(dump, HasSubstr(" old, in wait for an event\n"));
  EXPECT_THAT(dump, HasSubstr("fiber \"beta\", "));
  EXPECT_THAT(dump, HasSubstr(" to its deadline\n"));
  EXPECT_THAT(dump, HasSubstr("plumb::Event::Wait()"));
  // The stack ends where the fiber began.
  EXPECT_THAT(dump, HasSubstr("plumb::Worker::Main()"));
  EXPECT_THAT(dump, testing::Not(HasSubstr("(unknown)")));
  b.Cancel();
  end.Notify();
  a.Join();
  b.Join();
}

TEST(RuntimeTest, AFiberMayDump) {
  AllowSymbolizersFiles();
  Runtime runtime(Workers(2));
  std::string dump;
  runtime.Go("curious", [&] { dump = DumpFibers(); }).Join();
  EXPECT_THAT(dump, HasSubstr("fiber \"curious\", "));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

TEST(RuntimeDeathTest, OverflowNamesTheFiberAndTheSizeOfItsStack) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  RuntimeOptions large = Workers(1);
  large.stack_size = 512 * 1024;
  struct {
    RuntimeOptions options;
    const char* size;
  } const kCases[] = {{Workers(1), "240"}, {large, "496"}};
  for (const auto& c : kCases) {
    EXPECT_DEATH(
        {
          Runtime runtime(c.options);
          runtime.Go("deep", OverflowTheStack).Join();
        },
        absl::StrCat("plumb: stack overflow in fiber \"deep\": it has ", c.size,
                     " KiB; RuntimeOptions::stack_size gives more"));
  }
}

#endif

TEST(RuntimeDeathTest, GoWithoutARuntimeNamesTheCure) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(Go([] {}), "start main with plumb::RunMain");
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
