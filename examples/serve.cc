#include "examples/serve.h"

#include <algorithm>
#include <list>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "examples/program.h"
#include "examples/start_thread.h"
#include "transport/error.h"
#include "transport/fiber/fiber_group.h"
#include "transport/sleep.h"

namespace examples {
namespace {

// Threads that come and go; all have ended when it is destroyed.
class ThreadGroup {
 public:
  ~ThreadGroup() {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(
          +[](Threads* running) { return running->empty(); }, &running_));
    }
    JoinFinished();
  }

  // Errors: as StartThread.
  template <typename Function>
  absl::Status Start(Function function) {
    JoinFinished();
    absl::MutexLock lock(&mutex_);
    const auto self = running_.emplace(running_.end());
    absl::StatusOr<std::thread> thread =
        StartThread([this, self, function = std::move(function)]() mutable {
          function();
          Finish(self);
        });
    if (!thread.ok()) {
      running_.erase(self);
      return thread.status();
    }
    *self = *std::move(thread);
    return absl::OkStatus();
  }

 private:
  using Threads = std::list<std::thread>;

  void Finish(Threads::iterator self) {
    absl::MutexLock lock(&mutex_);
    finished_.splice(finished_.end(), running_, self);
  }

  void JoinFinished() {
    Threads finished;
    {
      absl::MutexLock lock(&mutex_);
      finished.swap(finished_);
    }
    for (std::thread& thread : finished) thread.join();
  }

  absl::Mutex mutex_;
  Threads running_ ABSL_GUARDED_BY(mutex_);
  Threads finished_ ABSL_GUARDED_BY(mutex_);
};

// Twice as long each time.
absl::Duration Longer(absl::Duration pause) {
  return std::clamp(2 * pause, absl::Milliseconds(5), absl::Seconds(1));
}

// Gives each connection to `start` until `stop` is cancelled or `listener` is
// closed.
void AcceptAll(
    plumb::Listener& listener, const plumb::CancelSource& stop,
    absl::FunctionRef<absl::Status(std::unique_ptr<plumb::Conn>)> start) {
  plumb::CancelScope scope(stop);
  absl::Duration pause;
  while (true) {
    absl::StatusOr<std::unique_ptr<plumb::Conn>> conn = listener.Accept();
    if (plumb::IsCancelledCall(conn.status())) return;
    if (plumb::IsClosed(conn.status())) return;
    absl::Status status = conn.status();
    if (status.ok()) status = start(*std::move(conn));
    if (status.ok()) {
      pause = absl::ZeroDuration();
      continue;
    }
    pause = Longer(pause);
    Complain(absl::StrCat(status.message(), "; again in ",
                          absl::FormatDuration(pause)));
    if (!plumb::SleepFor(pause).ok()) return;
  }
}

}  // namespace

void Serve(plumb::Listener& listener, const plumb::CancelSource& stop,
           const std::function<void(plumb::Conn&)>& handler) {
  ThreadGroup threads;
  AcceptAll(listener, stop, [&](std::unique_ptr<plumb::Conn> conn) {
    return threads.Start([conn = std::move(conn), stop, &handler] {
      plumb::CancelScope scope(stop);
      handler(*conn);
    });
  });
}

void ServeOnFibers(plumb::Listener& listener, const plumb::CancelSource& stop,
                   const std::function<void(plumb::Conn&)>& handler) {
  plumb::CancelScope scope(stop);
  plumb::FiberGroup fibers;
  AcceptAll(listener, stop, [&](std::unique_ptr<plumb::Conn> conn) {
    fibers.Go([conn = std::move(conn), &handler] {
      handler(*conn);
      return absl::OkStatus();
    });
    return absl::OkStatus();
  });
  fibers.Wait().IgnoreError();
}

}  // namespace examples
