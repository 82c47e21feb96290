#include "testing/fiber_executor.h"

#include <atomic>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "transport/fiber/dump_fibers.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/run_blocking.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/runtime_options.h"

namespace plumb {
namespace {

RuntimeOptions WithWorkers(int workers) {
  RuntimeOptions options;
  options.workers = workers;
  return options;
}

class FiberTask final : public Task {
 public:
  explicit FiberTask(Fiber fiber) : fiber_(fiber) {}
  ~FiberTask() override { Join(); }

  void Join() override { fiber_.Join(); }

 private:
  const Fiber fiber_;
};

class FiberExecutor final : public Executor {
 public:
  FiberExecutor(int workers, bool mixed)
      : workers_(workers),
        threads_(mixed ? MakeThreadExecutor() : nullptr),
        runtime_(WithWorkers(workers)) {}
  ~FiberExecutor() override {
    const std::string left = DumpFibers();
    if (!left.empty()) ADD_FAILURE() << "The test left behind:\n" << left;
  }

  void Run(absl::FunctionRef<void()> body) override {
    runtime_.Go("test", [body] { body(); }).Join();
  }

  std::unique_ptr<Task> Go(std::function<void()> body) override {
    if (threads_ != nullptr && ++started_ % 2 == 1) {
      return threads_->Go(std::move(body));
    }
    return std::make_unique<FiberTask>(Start(std::move(body)));
  }

  void Yield() override { plumb::Yield(); }

  bool one_at_a_time() const override {
    return workers_ == 1 && threads_ == nullptr;
  }

 private:
  Fiber Start(std::function<void()> body) {
    if (workers_ == 1) return runtime_.Go(std::move(body));
    // Off the workers, because what a fiber starts begins on its own.
    return RunBlocking([&] { return runtime_.Go(std::move(body)); });
  }

  const int workers_;
  const std::unique_ptr<Executor> threads_;
  std::atomic<int> started_{0};
  Runtime runtime_;
};

}  // namespace

std::unique_ptr<Executor> MakeFiberExecutor(int workers) {
  return std::make_unique<FiberExecutor>(workers, /*mixed=*/false);
}

std::unique_ptr<Executor> MakeMixedExecutor(int workers) {
  return std::make_unique<FiberExecutor>(workers, /*mixed=*/true);
}

}  // namespace plumb
