#include "testing/coop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "testing/executor.h"
#include "testing/leak_check.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/event.h"
#include "transport/pipe.h"
#include "transport/sleep.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;

TEST(CoopTest, TasksTakeTurns) {
  const std::unique_ptr<Executor> executor = MakeCoopExecutor();
  std::vector<std::string> order;
  auto first = executor->Go([&] {
    order.push_back("first");
    executor->Yield();
    order.push_back("first again");
  });
  auto second = executor->Go([&] { order.push_back("second"); });
  order.push_back("own");
  first->Join();
  second->Join();
  EXPECT_THAT(order, ElementsAre("own", "first", "second", "first again"));
}

TEST(CoopTest, ATaskWaitsForAnother) {
  const std::unique_ptr<Executor> executor = MakeCoopExecutor();
  auto [near, far] = Pipe();
  auto echo = executor->Go([&conn = *far] {
    char buffer[10];
    const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
    ASSERT_THAT(n, IsOk());
    ASSERT_THAT(conn.Write(absl::string_view(buffer, *n)), IsOk());
  });
  ASSERT_TRUE(WaitUntilBlocked(*far, 1));
  ASSERT_THAT(near->Write("ping"), IsOk());
  EXPECT_THAT(near, ConnReads("ping"));
  echo->Join();
}

TEST(CoopTest, SleepsPassTogetherAndNeverEarly) {
  const std::unique_ptr<Executor> executor = MakeCoopExecutor();
  std::vector<int> order;
  std::vector<std::unique_ptr<Task>> tasks;
  for (int ms : {3, 1, 2}) {
    tasks.push_back(executor->Go([&order, ms] {
      const MonotonicNanos start = Clock::Real().MonotonicNow();
      EXPECT_THAT(plumb::SleepFor(absl::Milliseconds(ms)), IsOk());
      EXPECT_GE(Clock::Real().MonotonicNow() - start, ms * 1000000);
      order.push_back(ms);
    }));
  }
  tasks.clear();
  EXPECT_EQ(order.size(), 3u);
}

TEST(CoopTest, OtherThreadsWakeTasks) {
  const std::unique_ptr<Executor> executor = MakeCoopExecutor();
  for (int i = 0; i < 100; ++i) {
    Event event;
    std::thread other([&] { event.Notify(); });
    EXPECT_THAT(event.Wait(), IsOk());
    other.join();
  }
}

TEST(CoopTest, ErrnoBelongsToTheTask) {
  const std::unique_ptr<Executor> executor = MakeCoopExecutor();
  errno = ENOENT;
  auto task = executor->Go([] { errno = EBADF; });
  executor->Yield();
  EXPECT_EQ(errno, ENOENT);
}

TEST(CoopTest, ManyTasks) {
  const std::unique_ptr<Executor> executor = MakeCoopExecutor();
  int count = 0;
  std::vector<std::unique_ptr<Task>> tasks;
  for (int i = 0; i < 200; ++i) {
    tasks.push_back(executor->Go([&] {
      executor->Yield();
      ++count;
    }));
  }
  tasks.clear();
  EXPECT_EQ(count, 200);
}

}  // namespace
}  // namespace plumb
