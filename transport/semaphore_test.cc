#include "transport/semaphore.h"

#include <atomic>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

using SemaphoreTest = testing::TestWithParam<CrewKind>;

testing::AssertionResult WaitUntilWaiting(const Semaphore& semaphore,
                                          size_t count) {
  return WaitUntil([&] { return semaphore.waiting() == count; },
                   "so many wait for the semaphore");
}

TEST_P(SemaphoreTest, NoMoreThanItsPermitsAreInside) {
  Semaphore semaphore(3);
  std::atomic<int> inside{0};
  Crew crew(GetParam());
  for (int member = 0; member < 10; ++member) {
    crew.Go([&] {
      for (int i = 0; i < 300; ++i) {
        ASSERT_EQ(semaphore.Acquire(), absl::OkStatus());
        const int now = ++inside;
        EXPECT_LE(now, 3);
        Waiter::Current().Yield();
        --inside;
        semaphore.Release();
      }
    });
  }
  crew.Join();
  EXPECT_EQ(semaphore.permits(), 3u);
}

TEST_P(SemaphoreTest, ThoseWhoWaitGetPermitsInTheOrderOfComing) {
  Semaphore semaphore(0);
  std::vector<int> order;
  Crew crew(GetParam());
  for (int i = 0; i < 5; ++i) {
    crew.Go([&, i] {
      ASSERT_EQ(semaphore.Acquire(), absl::OkStatus());
      order.push_back(i);
      semaphore.Release();
    });
    ASSERT_TRUE(WaitUntilWaiting(semaphore, static_cast<size_t>(i) + 1));
  }
  semaphore.Release();
  crew.Join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST_P(SemaphoreTest, WhoWantsManyIsNotOvertaken) {
  Semaphore semaphore(2);
  std::atomic<bool> has_all{false};
  Crew crew(GetParam());
  crew.Go([&] {
    EXPECT_EQ(semaphore.Acquire(3), absl::OkStatus());
    has_all = true;
  });
  ASSERT_TRUE(WaitUntilWaiting(semaphore, 1));
  EXPECT_FALSE(semaphore.TryAcquire());
  crew.Go([&] {
    EXPECT_EQ(semaphore.Acquire(), absl::OkStatus());
    EXPECT_TRUE(has_all);
  });
  ASSERT_TRUE(WaitUntilWaiting(semaphore, 2));
  semaphore.Release();
  ASSERT_TRUE(WaitUntilWaiting(semaphore, 1));
  EXPECT_EQ(semaphore.permits(), 0u);
  ASSERT_TRUE(WaitUntil([&] { return has_all.load(); }, "it has all"));
  semaphore.Release();
}

TEST_P(SemaphoreTest, ReleaseOfManyLetsManyGoOn) {
  Semaphore semaphore(0);
  Crew crew(GetParam());
  for (int i = 0; i < 4; ++i) {
    crew.Go([&] { EXPECT_EQ(semaphore.Acquire(2), absl::OkStatus()); });
  }
  ASSERT_TRUE(WaitUntilWaiting(semaphore, 4));
  semaphore.Release(9);
  crew.Join();
  EXPECT_EQ(semaphore.permits(), 1u);
}

TEST_P(SemaphoreTest, TryAcquireDoesNotWait) {
  Semaphore semaphore(3);
  EXPECT_TRUE(semaphore.TryAcquire(2));
  EXPECT_FALSE(semaphore.TryAcquire(2));
  EXPECT_TRUE(semaphore.TryAcquire());
  EXPECT_FALSE(semaphore.TryAcquire());
  EXPECT_TRUE(semaphore.TryAcquire(0));
}

TEST_P(SemaphoreTest, ItsDeadlineEndsAnAcquire) {
  ManualClock clock;
  Semaphore semaphore(1);
  Crew crew(GetParam());
  crew.Go([&] {
    const absl::Status status =
        semaphore.AcquireUntil(clock.TimeNow() + absl::Seconds(1), 2, clock);
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(status.message(), "acquire: i/o timeout");
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kTimeout);
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(1));
  crew.Join();
  EXPECT_EQ(semaphore.permits(), 1u);
}

TEST_P(SemaphoreTest, WhoIsCancelledMakesWayForThoseBehind) {
  Semaphore semaphore(1);
  CancelSource stop;
  Crew crew(GetParam());
  crew.Go([&] {
    const CancelScope scope(stop);
    const absl::Status status = semaphore.Acquire(2);
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(status.message(), "acquire: operation was canceled");
    EXPECT_TRUE(IsCancelledCall(status));
  });
  ASSERT_TRUE(WaitUntilWaiting(semaphore, 1));
  crew.Go([&] { EXPECT_EQ(semaphore.Acquire(), absl::OkStatus()); });
  ASSERT_TRUE(WaitUntilWaiting(semaphore, 2));
  stop.Cancel();
  crew.Join();
  EXPECT_EQ(semaphore.permits(), 0u);
}

TEST_P(SemaphoreTest, ACancelledScopeTakesNothing) {
  Semaphore semaphore(1);
  Crew crew(GetParam());
  crew.Go([&] {
    CancelScope scope;
    scope.Cancel();
    EXPECT_TRUE(IsCancelledCall(semaphore.Acquire()));
    EXPECT_TRUE(semaphore.TryAcquire());
    semaphore.Release();
  });
  crew.Join();
  EXPECT_EQ(semaphore.permits(), 1u);
  EXPECT_TRUE(IsTimeout(semaphore.AcquireUntil(absl::InfinitePast())));
  EXPECT_EQ(semaphore.permits(), 1u);
}

TEST_P(SemaphoreTest, NoPermitIsLostWhenADeadlineRacesWithRelease) {
  Semaphore semaphore(2);
  Crew crew(GetParam());
  for (size_t member = 0; member < 12; ++member) {
    crew.Go([&, member] {
      for (int i = 0; i < 200; ++i) {
        const DeadlineScope limit(absl::Microseconds(5 * (i % 9)));
        const size_t count = 1 + member % 2;
        if (!semaphore.Acquire(count).ok()) continue;
        Waiter::Current().Yield();
        semaphore.Release(count);
      }
    });
  }
  crew.Join();
  EXPECT_EQ(semaphore.permits(), 2u);
  EXPECT_EQ(semaphore.waiting(), 0u);
}

TEST_P(SemaphoreTest, MayBeDestroyedWhenAcquireReturns) {
  Crew crew(GetParam());
  for (int i = 0; i < 300; ++i) {
    auto semaphore = std::make_unique<Semaphore>(0);
    crew.Go([raw = semaphore.get()] { raw->Release(); });
    ASSERT_EQ(semaphore->Acquire(), absl::OkStatus());
    semaphore.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Crews, SemaphoreTest, AllCrews(), CrewName);

}  // namespace
}  // namespace plumb
