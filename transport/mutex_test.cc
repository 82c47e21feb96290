#include "transport/mutex.h"

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/event.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/fiber/runtime.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

using MutexTest = testing::TestWithParam<CrewKind>;

testing::AssertionResult WaitUntilWaiting(const Mutex& mutex, size_t count) {
  return WaitUntil([&] { return mutex.waiting() == count; },
                   "so many wait for the mutex");
}

TEST_P(MutexTest, OneHoldsItAtATime) {
  struct {
    Mutex mutex;
    int value ABSL_GUARDED_BY(mutex) = 0;
  } counter;
  Crew crew(GetParam());
  constexpr int kMembers = 12, kRounds = 1000;
  for (int member = 0; member < kMembers; ++member) {
    crew.Go([&counter, member] {
      for (int i = 0; i < kRounds; ++i) {
        MutexLock lock(counter.mutex);
        const int before = counter.value;
        if (i % 16 == member) Waiter::Current().Yield();
        counter.value = before + 1;
      }
    });
  }
  crew.Join();
  MutexLock lock(counter.mutex);
  EXPECT_EQ(counter.value, kMembers * kRounds);
}

TEST_P(MutexTest, ThoseWhoWaitGetItInTheOrderOfComing) {
  Mutex mutex;
  std::vector<int> order;
  Crew crew(GetParam());
  mutex.Lock();
  for (int i = 0; i < 10; ++i) {
    crew.Go([&, i] {
      MutexLock lock(mutex);
      order.push_back(i);
    });
    EXPECT_TRUE(WaitUntilWaiting(mutex, static_cast<size_t>(i) + 1));
  }
  mutex.Unlock();
  crew.Join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(mutex.waiting(), 0u);
}

TEST_P(MutexTest, TryLockDoesNotWait) {
  Mutex mutex;
  if (!mutex.TryLock()) FAIL() << "nobody has it";
  Crew crew(GetParam());
  crew.Go([&] {
    if (!mutex.TryLock()) return;
    ADD_FAILURE() << "another has it";
    mutex.Unlock();
  });
  crew.Join();
  mutex.Unlock();
  if (!mutex.TryLock()) FAIL() << "it was given back";
  mutex.AssertHeld();
  mutex.Unlock();
}

TEST_P(MutexTest, WhoAlwaysWantsItDoesNotStarveOthers) {
  struct {
    Mutex mutex;
    bool served ABSL_GUARDED_BY(mutex) = false;
  } shared;
  Event held;
  Crew crew(GetParam());
  crew.Go([&] {
    bool stop = false;
    while (!stop) {
      MutexLock lock(shared.mutex);
      stop = shared.served;
      held.Notify();
      Waiter::Current().Yield();
    }
  });
  crew.Go([&] {
    EXPECT_TRUE(held.Wait().ok());
    MutexLock lock(shared.mutex);
    shared.served = true;
  });
  crew.Join();
}

TEST_P(MutexTest, UnlockDoesNotTouchItWhenAnotherHasIt) {
  Crew crew(GetParam());
  for (int i = 0; i < 300; ++i) {
    auto mutex = std::make_unique<Mutex>();
    Event held;
    crew.Go([&held, raw = mutex.get()] {
      MutexLock lock(*raw);
      held.Notify();
    });
    ASSERT_TRUE(held.Wait().ok());
    { MutexLock lock(*mutex); }
    mutex.reset();
  }
}

INSTANTIATE_TEST_SUITE_P(Crews, MutexTest, AllCrews(), CrewName);

// On one worker nothing happens at the same time, so that the order is known.
TEST(MutexOrderTest, WhoIsOvertakenOnceIsNext) {
  Mutex mutex;
  int rounds = 0;
  Crew crew(CrewKind::kOneWorker);
  crew.Go([&] {
    bool served = false;
    Fiber other;
    do {
      MutexLock lock(mutex);
      ++rounds;
      if (rounds == 1) {
        other = Go([&] {
          MutexLock inner(mutex);
          served = true;
        });
      }
      Yield();
    } while (!served);
    other.Join();
  });
  crew.Join();
  // Round 1: the other comes. Round 2 overtakes it. Round 3 is after it.
  EXPECT_EQ(rounds, 3);
}

void UnlockAFreeOne() ABSL_NO_THREAD_SAFETY_ANALYSIS {
  Mutex mutex;
  mutex.Unlock();
}

TEST(MutexDeathTest, UnlockNeedsAHolder) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(UnlockAFreeOne(),
               "plumb::Mutex: unlocked, but it is not locked");
}

void AssertThatAFreeOneIsHeld() {
  const Mutex mutex;
  mutex.AssertHeld();
}

TEST(MutexDeathTest, AssertHeldNeedsAHolder) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(AssertThatAFreeOneIsHeld(),
               "plumb::Mutex: held by nobody, but its holder was asked for");
}

}  // namespace
}  // namespace plumb
