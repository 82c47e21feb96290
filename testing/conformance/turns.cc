#include "testing/conformance/turns.h"

#include <cstddef>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "testing/wait_until_blocked.h"
#include "transport/event.h"

namespace plumb {
namespace {

class Turns {
 public:
  Turns(Executor& executor, int count, absl::FunctionRef<void(int)> act)
      : executor_(executor), count_(count), act_(act), turns_(count + 1) {}

  ::testing::AssertionResult Run() {
    ::testing::AssertionResult enough = StartTasks();
    start_.Notify();
    turns_[0].Notify();
    for (const auto& task : tasks_) task->Join();
    return enough;
  }

 private:
  // A worker may take what was meant for another: then one more is needed.
  ::testing::AssertionResult StartTasks() {
    const size_t wanted = executor_.one_at_a_time() ? 1 : 2;
    while (tasks_.size() < 4 || threads() < wanted) {
      if (tasks_.size() == 1000) {
        return ::testing::AssertionFailure() << "all tasks are on one thread";
      }
      const int first = static_cast<int>(tasks_.size());
      tasks_.push_back(executor_.Go([this, first] { Play(first); }));
      ::testing::AssertionResult here = WaitUntil(
          [&] { return arrived() == tasks_.size(); }, "a task has started");
      if (!here) return here;
    }
    return ::testing::AssertionSuccess();
  }

  void Play(int first) {
    Arrive();
    EXPECT_TRUE(start_.Wait().ok());
    const int step = static_cast<int>(tasks_.size());
    for (int i = first; i < count_; i += step) {
      EXPECT_TRUE(turns_[i].Wait().ok());
      act_(i);
      turns_[i + 1].Notify();
    }
  }

  void Arrive() {
    absl::MutexLock lock(&mutex_);
    ++arrived_;
    threads_.insert(std::this_thread::get_id());
  }
  size_t arrived() {
    absl::MutexLock lock(&mutex_);
    return arrived_;
  }
  size_t threads() {
    absl::MutexLock lock(&mutex_);
    return threads_.size();
  }

  Executor& executor_;
  const int count_;
  const absl::FunctionRef<void(int)> act_;
  Event start_;
  std::vector<Event> turns_;
  std::vector<std::unique_ptr<Task>> tasks_;
  absl::Mutex mutex_;
  size_t arrived_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::thread::id> threads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

::testing::AssertionResult RunByTurns(Executor& executor, int count,
                                      absl::FunctionRef<void(int)> act) {
  return Turns(executor, count, act).Run();
}

}  // namespace plumb
