#include "testing/executor.h"

#include <thread>
#include <utility>

#include "transport/event.h"
#include "transport/scope.h"

namespace plumb {
namespace {

class ThreadTask final : public Task {
 public:
  explicit ThreadTask(std::function<void()> body)
      : thread_([this, body = std::move(body)] {
          body();
          done_.Notify();
        }) {}
  ~ThreadTask() override { Join(); }

  void Join() override {
    // First without stopping the other fibers of the caller's thread.
    const ShieldScope shield;
    (void)done_.Wait();
    if (thread_.joinable()) thread_.join();
  }

 private:
  Event done_;
  std::thread thread_;
};

class ThreadExecutor final : public Executor {
 public:
  std::unique_ptr<Task> Go(std::function<void()> body) override {
    return std::make_unique<ThreadTask>(std::move(body));
  }
  void Yield() override { std::this_thread::yield(); }
  bool one_at_a_time() const override { return false; }
};

}  // namespace

std::unique_ptr<Executor> MakeThreadExecutor() {
  return std::make_unique<ThreadExecutor>();
}

}  // namespace plumb
