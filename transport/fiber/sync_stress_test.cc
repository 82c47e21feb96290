// Very many fibers, and some threads, on the same few mutexes, conditions,
// semaphores and channels, with deadlines and cancellations at random: in the
// end nothing is lost and nobody is left waiting.

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/channel.h"
#include "transport/cond_var.h"
#include "transport/fiber/runtime.h"
#include "transport/mutex.h"
#include "transport/scope.h"
#include "transport/select.h"
#include "transport/semaphore.h"

namespace plumb {
namespace {

constexpr int kFibers = 1000;
constexpr int kThreads = 4;
constexpr int kSteps = 24;
constexpr int kKinds = 5;
constexpr size_t kPermits = 5;

class SyncStressTest : public testing::Test {
 protected:
  // One step of the fiber or thread `random`; fails or not as it happens.
  void Step(std::mt19937& random) {
    std::optional<DeadlineScope> limit;
    if (random() % 4 != 0) limit.emplace(absl::Microseconds(random() % 300));
    switch (random() % kKinds) {
      case 0:
        return Count();
      case 1:
        return TakePermits(1 + random() % kPermits);
      case 2:
        return Pass(*channels_[random() % channels_.size()], random() % 2 == 0,
                    static_cast<int>(random() % 1000));
      case 3:
        return Choose(random);
      default:
        return WaitForCount();
    }
  }

  void Count() {
    MutexLock lock(mutex_);
    ++count_;
    counted_.Signal();
    all_.fetch_add(1, std::memory_order_relaxed);
  }

  void WaitForCount() {
    // Most will not be signalled in time, and must not keep a signal.
    const DeadlineScope limit(absl::Microseconds(100));
    MutexLock lock(mutex_);
    const int64_t before = count_;
    while (count_ == before && counted_.Wait(mutex_).ok()) {
    }
    mutex_.AssertHeld();
  }

  void TakePermits(size_t count) {
    if (!semaphore_.Acquire(count).ok()) return;
    const size_t taken = taken_.fetch_add(count) + count;
    EXPECT_LE(taken, kPermits);
    Yield();
    taken_.fetch_sub(count);
    semaphore_.Release(count);
  }

  void Pass(Channel<int>& channel, bool sends, int value) {
    const DeadlineScope limit(absl::Milliseconds(1));
    if (sends) {
      if (channel.Send(int{value}).ok()) sent_ += value;
    } else {
      const absl::StatusOr<int> received = channel.Receive();
      if (received.ok()) received_ += *received;
    }
  }

  void Choose(std::mt19937& random) {
    const DeadlineScope limit(absl::Milliseconds(1));
    int value = static_cast<int>(random() % 1000);
    std::optional<int> first, second;
    const size_t shift = random();
    const auto channel = [&](size_t i) -> Channel<int>& {
      return *channels_[(shift + i) % channels_.size()];
    };
    const Selected selected =
        Select({channel(0).ReceiveCase(first), channel(1).SendCase(value),
                channel(2).ReceiveCase(second)});
    if (!selected.status.ok()) return;
    if (selected.index == 1) {
      sent_ += value;
    } else {
      received_ += selected.index == 0 ? *first : *second;
    }
  }

  Mutex mutex_;
  CondVar counted_;
  int64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::atomic<int64_t> all_{0};
  Semaphore semaphore_{kPermits};
  std::atomic<size_t> taken_{0};
  const std::array<std::unique_ptr<Channel<int>>, 4> channels_ = {
      std::make_unique<Channel<int>>(0), std::make_unique<Channel<int>>(0),
      std::make_unique<Channel<int>>(1), std::make_unique<Channel<int>>(64)};
  std::atomic<int64_t> sent_{0}, received_{0};
};

TEST_F(SyncStressTest, NothingIsLostAndNobodyIsLeft) {
  const auto run = [this](unsigned seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < kSteps; ++i) Step(random);
  };
  {
    RuntimeOptions options;
    options.workers = 3;
    Runtime runtime(options);
    std::vector<Fiber> fibers;
    for (unsigned i = 0; i < kFibers; ++i) {
      fibers.push_back(runtime.Go([&run, i] { run(i); }));
    }
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) {
      threads.emplace_back([&run, i] { run(kFibers + i); });
    }
    // Some of them in the middle of something.
    for (size_t i = 0; i < fibers.size(); i += 10) fibers[i].Cancel();
    for (std::thread& thread : threads) thread.join();
    for (const Fiber& fiber : fibers) fiber.Join();
  }
  for (const auto& channel : channels_) {
    EXPECT_EQ(channel->waiting(), 0u);
    while (channel->size() > 0) received_ += *channel->TryReceive();
  }
  EXPECT_EQ(sent_, received_);
  EXPECT_EQ(semaphore_.permits(), kPermits);
  EXPECT_EQ(semaphore_.waiting(), 0u);
  EXPECT_EQ(counted_.waiting(), 0u);
  EXPECT_EQ(mutex_.waiting(), 0u);
  MutexLock lock(mutex_);
  EXPECT_EQ(count_, all_);
}

// As FiberGroup, CancelScope and Fiber keep those who watch them.
TEST(ScopeStressTest, ManyUnderOneScope) {
  RuntimeOptions options;
  options.workers = 3;
  Runtime runtime(options);
  CancelSource stop;
  Channel<int> never;
  std::atomic<int> cancelled{0};
  std::vector<Fiber> fibers;
  for (int i = 0; i < 2000; ++i) {
    fibers.push_back(runtime.Go([&, i] {
      const CancelScope scope(stop);
      if (i % 2 == 0) return;  // leaves from the middle
      if (never.Receive().status().code() == absl::StatusCode::kCancelled) {
        ++cancelled;
      }
    }));
  }
  stop.Cancel();
  for (const Fiber& fiber : fibers) fiber.Join();
  EXPECT_EQ(cancelled, 1000);
}

}  // namespace
}  // namespace plumb
