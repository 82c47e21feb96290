#include "transport/cond_var.h"

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"

namespace plumb {
namespace {

class CondVarTest : public testing::TestWithParam<CrewKind> {
 protected:
  testing::AssertionResult WaitUntilWaiting(size_t count) {
    return WaitUntil([&] { return changed_.waiting() == count; },
                     "so many wait for the change");
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<int> order_ ABSL_GUARDED_BY(mutex_);
  // After the others, so that it ends before them.
  Crew crew_{GetParam()};
};

TEST_P(CondVarTest, SignalLetsTheFirstGoOn) {
  for (int i = 0; i < 3; ++i) {
    crew_.Go([this, i] {
      MutexLock lock(mutex_);
      EXPECT_EQ(changed_.Wait(mutex_), absl::OkStatus());
      order_.push_back(i);
    });
    ASSERT_TRUE(WaitUntilWaiting(static_cast<size_t>(i) + 1));
  }
  for (size_t i = 1; i <= 3; ++i) {
    changed_.Signal();
    ASSERT_TRUE(WaitUntil(
        [&] {
          MutexLock lock(mutex_);
          return order_.size() == i;
        },
        "one more has gone on"));
  }
  crew_.Join();
  MutexLock lock(mutex_);
  EXPECT_EQ(order_, (std::vector<int>{0, 1, 2}));
}

TEST_P(CondVarTest, SignalAllLetsAllGoOn) {
  for (int i = 0; i < 20; ++i) {
    crew_.Go([this] {
      MutexLock lock(mutex_);
      EXPECT_EQ(changed_.Wait(mutex_), absl::OkStatus());
    });
  }
  ASSERT_TRUE(WaitUntilWaiting(20));
  changed_.SignalAll();
  crew_.Join();
  EXPECT_EQ(changed_.waiting(), 0u);
}

TEST_P(CondVarTest, ASignalForNobodyIsForgotten) {
  changed_.Signal();
  changed_.SignalAll();
  MutexLock lock(mutex_);
  EXPECT_TRUE(IsTimeout(changed_.WaitFor(mutex_, absl::ZeroDuration())));
}

TEST_P(CondVarTest, ItsDeadlineEndsAWait) {
  ManualClock clock;
  crew_.Go([&] {
    MutexLock lock(mutex_);
    const absl::Status status =
        changed_.WaitUntil(mutex_, clock.TimeNow() + absl::Seconds(1), clock);
    mutex_.AssertHeld();
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(status.message(), "wait: i/o timeout");
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kTimeout);
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(1));
  crew_.Join();
  EXPECT_EQ(changed_.waiting(), 0u);
}

TEST_P(CondVarTest, AScopesDeadlineEndsAWait) {
  ManualClock clock;
  crew_.Go([&] {
    const DeadlineScope limit(absl::Seconds(1), clock);
    MutexLock lock(mutex_);
    const absl::Status status = changed_.Wait(mutex_);
    mutex_.AssertHeld();
    EXPECT_EQ(status.message(), "wait: i/o timeout");
    EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kScopeTimeout);
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(1));
  crew_.Join();
}

TEST_P(CondVarTest, CancelEndsAWaitButNotTheLock) {
  CancelSource stop;
  absl::Status status;
  crew_.Go([&] {
    const CancelScope scope(stop);
    MutexLock lock(mutex_);
    status = changed_.Wait(mutex_);
    mutex_.AssertHeld();
  });
  ASSERT_TRUE(WaitUntilWaiting(1));
  mutex_.Lock();
  stop.Cancel();
  // It wants the mutex again, and nothing ends that.
  EXPECT_TRUE(
      WaitUntil([&] { return mutex_.waiting() == 1; }, "the wait has ended"));
  EXPECT_EQ(status, absl::OkStatus());
  mutex_.Unlock();
  crew_.Join();
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(status.message(), "wait: operation was canceled");
  EXPECT_TRUE(IsCancelledCall(status));
}

TEST_P(CondVarTest, ASignalBeatsACancelThatComesLater) {
  CancelSource stop;
  crew_.Go([&] {
    const CancelScope scope(stop);
    MutexLock lock(mutex_);
    EXPECT_EQ(changed_.Wait(mutex_), absl::OkStatus());
  });
  ASSERT_TRUE(WaitUntilWaiting(1));
  changed_.Signal();
  stop.Cancel();
}

TEST_P(CondVarTest, NoSignalIsLostToOneWhoIsCancelled) {
  // Each Signal lets one go on: who was cancelled first, or who was not.
  for (int i = 0; i < 200; ++i) {
    CancelSource stop;
    crew_.Go([&] {
      const CancelScope scope(stop);
      MutexLock lock(mutex_);
      changed_.Wait(mutex_).IgnoreError();
    });
    ASSERT_TRUE(WaitUntilWaiting(1));
    crew_.Go([&] {
      MutexLock lock(mutex_);
      EXPECT_EQ(changed_.Wait(mutex_), absl::OkStatus());
    });
    ASSERT_TRUE(WaitUntilWaiting(2));
    crew_.Go([&] { stop.Cancel(); });
    changed_.Signal();
    ASSERT_TRUE(WaitUntil([&] { return changed_.waiting() <= 1; }, "one less"));
    changed_.Signal();
    crew_.Join();
    EXPECT_EQ(changed_.waiting(), 0u);
  }
}

TEST_P(CondVarTest, ABoundedQueue) {
  constexpr int kJobs = 3000, kMembers = 4;
  constexpr size_t kBound = 3;
  struct {
    Mutex mutex;
    CondVar not_full, not_empty;
    std::deque<int> jobs ABSL_GUARDED_BY(mutex);
    int64_t sum ABSL_GUARDED_BY(mutex) = 0;
  } queue;
  for (int member = 0; member < kMembers; ++member) {
    crew_.Go([&] {
      for (int i = 1; i <= kJobs; ++i) {
        MutexLock lock(queue.mutex);
        while (queue.jobs.size() == kBound) {
          ASSERT_EQ(queue.not_full.Wait(queue.mutex), absl::OkStatus());
        }
        queue.jobs.push_back(i);
        queue.not_empty.Signal();
      }
    });
    crew_.Go([&] {
      for (int i = 1; i <= kJobs; ++i) {
        MutexLock lock(queue.mutex);
        while (queue.jobs.empty()) {
          ASSERT_EQ(queue.not_empty.Wait(queue.mutex), absl::OkStatus());
        }
        queue.sum += queue.jobs.front();
        queue.jobs.pop_front();
        queue.not_full.Signal();
      }
    });
  }
  crew_.Join();
  MutexLock lock(queue.mutex);
  EXPECT_EQ(queue.sum, int64_t{kMembers} * kJobs * (kJobs + 1) / 2);
}

INSTANTIATE_TEST_SUITE_P(Crews, CondVarTest, AllCrews(), CrewName);

}  // namespace
}  // namespace plumb
