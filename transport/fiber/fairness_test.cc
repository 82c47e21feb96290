// Descriptors and timers are looked at in time although fibers are ready to run
// all the time.

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/fiber/runtime.h"
#include "transport/listener.h"
#include "transport/sleep.h"
#include "transport/transport.h"

namespace plumb {
namespace {

// The worker looks around every 64 switches if these took 200 us.
constexpr int kSwitchesBetweenLooks = 64;
constexpr MonotonicNanos kEachTurn = 200 * 1000 / kSwitchesBetweenLooks + 1000;
// Those in the queue before the one that was woken.
constexpr int kBusy = 3;

// Fibers that take turns all the time, each turn for a while.
class Busy {
 public:
  explicit Busy(Runtime& runtime) {
    for (int i = 0; i < kBusy; ++i) {
      fibers_.push_back(runtime.Go([this] {
        while (!stop_) {
          const MonotonicNanos until = Clock::Real().MonotonicNow() + kEachTurn;
          while (Clock::Real().MonotonicNow() < until) {
          }
          ++turns_;
          Yield();
        }
      }));
    }
  }
  ~Busy() {
    for (const Fiber& fiber : fibers_) fiber.Join();
  }

  int turns() const { return turns_; }
  void Stop() { stop_ = true; }

 private:
  int turns_ = 0;
  bool stop_ = false;
  std::vector<Fiber> fibers_;
};

RuntimeOptions OneWorker() {
  RuntimeOptions options;
  options.workers = 1;
  return options;
}

TEST(FairnessTest, DescriptorsAreLookedAt) {
  const std::shared_ptr<Transport> tcp = MakeTcp();
  auto listener = *tcp->Listen("tcp", "127.0.0.1:0");
  auto client = *tcp->Dial("tcp", listener->Address().ToString());
  auto server = *listener->Accept();
  Runtime runtime(OneWorker());
  Busy busy(runtime);
  int turns = 0;
  const Fiber reader = runtime.Go([&] {
    char buffer[1];
    EXPECT_TRUE(server->Read(absl::MakeSpan(buffer)).ok());
    turns = busy.turns() - turns;
  });
  const Fiber writer = runtime.Go([&] {
    // The reader waits long since.
    while (busy.turns() < 1000) Yield();
    turns = busy.turns();
    EXPECT_TRUE(client->Write("x").ok());
  });
  reader.Join();
  writer.Join();
  runtime.Go([&] { busy.Stop(); }).Join();
  EXPECT_LE(turns, kSwitchesBetweenLooks + kBusy + 1);
}

TEST(FairnessTest, TimersAreLookedAt) {
  Runtime runtime(OneWorker());
  Busy busy(runtime);
  int turns = 0;
  MonotonicNanos until = kNever;
  const Fiber sleeper = runtime.Go([&] {
    until = Clock::Real().MonotonicNow() + 3000000;
    EXPECT_EQ(plumb::SleepFor(absl::Milliseconds(3)), absl::OkStatus());
    turns = busy.turns() - turns;
  });
  const Fiber watcher = runtime.Go([&] {
    while (Clock::Real().MonotonicNow() < until) Yield();
    turns = turns == 0 ? busy.turns() : turns;
  });
  sleeper.Join();
  watcher.Join();
  runtime.Go([&] { busy.Stop(); }).Join();
  EXPECT_LE(turns, kSwitchesBetweenLooks + kBusy + 1);
}

}  // namespace
}  // namespace plumb
