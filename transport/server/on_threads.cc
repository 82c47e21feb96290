#include "transport/server/on_threads.h"

#include <pthread.h>

#include <iterator>
#include <list>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "transport/errno_text.h"

namespace plumb {
namespace {

class ThreadGroup final : public TaskGroup {
 public:
  ~ThreadGroup() override;

  absl::Status Start(absl::AnyInvocable<void()> task) override;

 private:
  struct Thread {
    ThreadGroup* group;
    absl::AnyInvocable<void()> task;
    pthread_t id;
    std::list<Thread>::iterator self;
  };

  static void* Main(void* thread);
  void JoinEnded();

  absl::Mutex mutex_;
  std::list<Thread> running_ ABSL_GUARDED_BY(mutex_);
  std::list<Thread> ended_ ABSL_GUARDED_BY(mutex_);
};

ThreadGroup::~ThreadGroup() {
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](std::list<Thread>* running) { return running->empty(); },
        &running_));
  }
  JoinEnded();
}

absl::Status ThreadGroup::Start(absl::AnyInvocable<void()> task) {
  JoinEnded();
  absl::AnyInvocable<void()> not_started;
  // With the lock, so that the thread does not end before it has an id.
  absl::MutexLock lock(&mutex_);
  Thread& thread = running_.emplace_back();
  thread.group = this;
  thread.task = std::move(task);
  thread.self = std::prev(running_.end());
  // Not std::thread, whose failure is an exception.
  const int error = pthread_create(&thread.id, nullptr, &Main, &thread);
  if (error == 0) return absl::OkStatus();
  not_started = std::move(thread.task);
  running_.pop_back();
  return absl::ResourceExhaustedError(
      absl::StrCat("start thread: ", ErrnoText(error)));
}

void* ThreadGroup::Main(void* argument) {
  Thread& thread = *static_cast<Thread*>(argument);
  thread.task();
  thread.task = nullptr;
  ThreadGroup& group = *thread.group;
  absl::MutexLock lock(&group.mutex_);
  group.ended_.splice(group.ended_.end(), group.running_, thread.self);
  return nullptr;
}

void ThreadGroup::JoinEnded() {
  std::list<Thread> ended;
  {
    absl::MutexLock lock(&mutex_);
    ended.swap(ended_);
  }
  for (const Thread& thread : ended) pthread_join(thread.id, nullptr);
}

}  // namespace

std::unique_ptr<TaskGroup> OnThreads() {
  return std::make_unique<ThreadGroup>();
}

}  // namespace plumb
