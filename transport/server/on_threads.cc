#include "transport/server/on_threads.h"

#include <iterator>
#include <list>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "transport/thread.h"

namespace plumb {
namespace {

class ThreadGroup final : public TaskGroup {
 public:
  ~ThreadGroup() override;

  absl::Status Start(absl::AnyInvocable<void()> function) override;

 private:
  struct Task {
    absl::AnyInvocable<void()> function;
    Thread thread;
  };
  using Tasks = std::list<Task>;

  void Run(Tasks::iterator task);
  void JoinEnded();

  absl::Mutex mutex_;
  Tasks running_ ABSL_GUARDED_BY(mutex_);
  Tasks ended_ ABSL_GUARDED_BY(mutex_);
};

ThreadGroup::~ThreadGroup() {
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](Tasks* running) { return running->empty(); }, &running_));
  }
  JoinEnded();
}

absl::Status ThreadGroup::Start(absl::AnyInvocable<void()> function) {
  JoinEnded();
  absl::AnyInvocable<void()> not_started;
  // With the lock, so that the task does not end before it has its thread.
  absl::MutexLock lock(&mutex_);
  running_.emplace_back().function = std::move(function);
  const auto task = std::prev(running_.end());
  absl::StatusOr<Thread> thread = Thread::Start([this, task] { Run(task); });
  if (thread.ok()) {
    task->thread = *std::move(thread);
    return absl::OkStatus();
  }
  not_started = std::move(task->function);
  running_.erase(task);
  return thread.status();
}

void ThreadGroup::Run(Tasks::iterator task) {
  task->function();
  task->function = nullptr;
  absl::MutexLock lock(&mutex_);
  ended_.splice(ended_.end(), running_, task);
}

void ThreadGroup::JoinEnded() {
  Tasks ended;
  {
    absl::MutexLock lock(&mutex_);
    ended.swap(ended_);
  }
  for (Task& task : ended) task.thread.Join();
}

}  // namespace

std::unique_ptr<TaskGroup> OnThreads() {
  return std::make_unique<ThreadGroup>();
}

}  // namespace plumb
