#include "testing/executor.h"

#include <thread>
#include <utility>

namespace plumb {
namespace {

class ThreadTask final : public Task {
 public:
  explicit ThreadTask(std::function<void()> body) : thread_(std::move(body)) {}
  ~ThreadTask() override { Join(); }

  void Join() override {
    if (thread_.joinable()) thread_.join();
  }

 private:
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
