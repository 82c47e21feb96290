#include "testing/executor.h"

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "testing/coop.h"
#include "testing/fiber_executor.h"
#include "testing/leak_check.h"
#include "testing/matchers.h"
#include "testing/wait_until_blocked.h"
#include "transport/event.h"
#include "transport/pipe.h"
#include "transport/scope.h"

namespace plumb {
namespace {

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Executor>()> make;
  size_t threads;  // that tasks are seen on, at least
};

class ExecutorTest : public ::testing::TestWithParam<Kind> {
 protected:
  const std::unique_ptr<Executor> executor_ = GetParam().make();
};

TEST_P(ExecutorTest, ATaskWaitsForAnother) {
  executor_->Run([&] {
    auto [near, far] = Pipe();
    for (int i = 0; i < 4; ++i) {
      auto echo = executor_->Go([&conn = *far] {
        char buffer[10];
        const absl::StatusOr<size_t> n = conn.Read(absl::MakeSpan(buffer));
        ASSERT_THAT(n, IsOk());
        ASSERT_THAT(conn.Write(absl::string_view(buffer, *n)), IsOk());
      });
      ASSERT_TRUE(WaitUntilBlocked(*far, 1));
      ASSERT_THAT(near->Write("ping"), IsOk());
      EXPECT_THAT(near, ConnReads("ping"));
      echo->Join();
      echo->Join();
    }
  });
}

TEST_P(ExecutorTest, JoinIsNotEndedByScopes) {
  executor_->Run([&] {
    bool ended[4] = {};
    for (bool& end : ended) {
      Event go;
      auto task = executor_->Go([&] {
        EXPECT_THAT(go.Wait(), IsOk());
        end = true;
      });
      auto notifier = executor_->Go([&] { go.Notify(); });
      CancelScope cancelled;
      cancelled.Cancel();
      task->Join();
      EXPECT_TRUE(end);
    }
  });
}

TEST_P(ExecutorTest, OneAtATimeOrOnSeveralThreads) {
  EXPECT_EQ(executor_->one_at_a_time(), GetParam().threads == 1);
  executor_->Run([&] {
    absl::Mutex mutex;
    std::set<std::thread::id> threads = {std::this_thread::get_id()};
    const auto run_four = [&] {
      std::vector<std::unique_ptr<Task>> tasks;
      for (int i = 0; i < 4; ++i) {
        tasks.push_back(executor_->Go([&] {
          absl::MutexLock lock(&mutex);
          threads.insert(std::this_thread::get_id());
        }));
      }
    };
    run_four();
    if (executor_->one_at_a_time()) {
      EXPECT_EQ(threads.size(), 1u);
    } else {
      ASSERT_TRUE(WaitUntil(
          [&] {
            run_four();
            return threads.size() >= GetParam().threads;
          },
          "tasks on all threads"));
    }
  });
}

TEST_P(ExecutorTest, YieldLetsOthersRun) {
  executor_->Run([&] {
    std::atomic<bool> ran{false};
    auto task = executor_->Go([&] { ran = true; });
    while (!ran) executor_->Yield();
  });
}

INSTANTIATE_TEST_SUITE_P(
    All, ExecutorTest,
    ::testing::Values(Kind{"Threads", [] { return MakeThreadExecutor(); }, 4},
                      Kind{"Coop", [] { return MakeCoopExecutor(); }, 1},
                      Kind{"Fibers", [] { return MakeFiberExecutor(1); }, 1},
                      Kind{"Fibers3", [] { return MakeFiberExecutor(3); }, 3},
                      Kind{"MixedFibers", [] { return MakeMixedExecutor(2); },
                           3}),
    [](const auto& kind) { return kind.param.name; });

TEST(FiberExecutorTest, AFiberThatIsLeftIsNamed) {
  // Whoever finds the names of functions keeps the files open.
  AllowLeaksInThisTest();
  std::unique_ptr<Executor> executor = MakeFiberExecutor(1);
  Event never;
  std::unique_ptr<Task> task;
  executor->Run([&] {
    task = executor->Go([&] { EXPECT_THAT(never.Wait(), IsCancelledCall()); });
    executor->Yield();
  });
  EXPECT_NONFATAL_FAILURE(executor = nullptr,
                          "The test left behind:\nfiber \"\", ");
}

TEST(FiberExecutorTest, MixesThreadsAndFibers) {
  const std::unique_ptr<Executor> executor = MakeMixedExecutor(1);
  executor->Run([&] {
    std::set<std::thread::id> threads, workers;
    for (int i = 0; i < 4; ++i) {
      executor
          ->Go([&] {
            (i % 2 == 0 ? threads : workers).insert(std::this_thread::get_id());
          })
          ->Join();
    }
    workers.insert(std::this_thread::get_id());
    EXPECT_EQ(workers.size(), 1u);
    EXPECT_EQ(threads.count(*workers.begin()), 0u);
  });
}

}  // namespace
}  // namespace plumb
