#include "transport/fiber/runtime.h"

#include <atomic>
#include <cerrno>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/leak_check.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/fiber/dump_fibers.h"
#include "transport/fiber/overflow_for_test.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/scope.h"
#include "transport/sleep.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

using testing::HasSubstr;

// absl's symbolizer keeps the files open whose functions it has named.
void AllowSymbolizersFiles() { AllowLeaksInThisTest(); }

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

}  // namespace
}  // namespace plumb
