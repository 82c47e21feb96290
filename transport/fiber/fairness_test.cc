// Descriptors and timers are looked at in time although fibers are ready to run
// all the time.

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/fiber/fiber.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/park.h"
#include "transport/transport.h"
#include "transport/wait_reason.h"
#include "transport/waiter.h"

namespace plumb {
namespace {

// The worker looks around every 64 switches if these took 200 us.
constexpr int kSwitchesBetweenLooks = 64;
// One whose calls never wait lets others run after so many.
constexpr int kCallsBetweenYields = 64;
constexpr MonotonicNanos kEachTurn = 200 * 1000 / kSwitchesBetweenLooks + 1000;
// Those in the queue before the one that was woken.
constexpr int kBusy = 3;
constexpr MonotonicNanos kLongTurn = 1000 * 1000;
constexpr int kManyBusy = 16;
constexpr MonotonicNanos kSleep = 20 * kLongTurn;
constexpr int kTurnsUntilSteady = 8;
constexpr OpReason kReason("sleep");

// What a busy fiber does after each turn.
enum class After { kYield, kCountCall };

// Fibers that are busy all the time, each turn for a while.
class Busy {
 public:
  explicit Busy(Runtime& runtime, After after = After::kYield,
                int count = kBusy, MonotonicNanos turn = kEachTurn) {
    for (int i = 0; i < count; ++i) {
      fibers_.push_back(runtime.Go([this, after, turn] {
        while (!stop_) {
          const MonotonicNanos until = Clock::Real().MonotonicNow() + turn;
          while (Clock::Real().MonotonicNow() < until) {
          }
          ++(until >= count_from_ ? turns_ : turns_before_);
          if (after == After::kYield) {
            Yield();
          } else {
            Waiter::Current().CountCall();
          }
        }
      }));
    }
  }
  ~Busy() {
    for (const Fiber& fiber : fibers_) fiber.Join();
  }

  // Of those fibers or after them. Turns are counted that end after `when`, and
  // apart from them those before it.
  void CountFrom(MonotonicNanos when) {
    count_from_ = when;
    turns_ = 0;
    turns_before_ = 0;
  }
  int turns() const { return turns_; }
  int turns_before() const { return turns_before_; }
  void Stop() { stop_ = true; }

 private:
  MonotonicNanos count_from_ = 0;
  int turns_ = 0;
  int turns_before_ = 0;
  bool stop_ = false;
  std::vector<Fiber> fibers_;
};

TEST(FairnessTest, DescriptorsAreLookedAt) {
  const std::shared_ptr<Transport> tcp = MakeTcp();
  auto listener = *tcp->Listen("tcp", "127.0.0.1:0");
  auto client = *tcp->Dial("tcp", listener->Address().ToString());
  auto server = *listener->Accept();
  Runtime runtime(Workers(1));
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

// Each Read of so much counts as several calls.
TEST(FairnessTest, LargeReadsLetOthersRunMoreOften) {
  constexpr size_t kSize = 64 * 1024;
  const std::shared_ptr<Transport> unix = MakeUnix();
  auto listener = *unix->Listen("unix", "");
  auto client = *unix->Dial("unix", listener->Address().ToString());
  auto server = *listener->Accept();
  Runtime runtime(Workers(1));
  const std::string message(kSize, 'x');
  std::string buffer(kSize, '\0');
  int rounds = 0;
  runtime
      .Go([&] {
        bool others_ran = false;
        const Fiber other = Go([&] { others_ran = true; });
        for (; !others_ran && rounds < kCallsBetweenYields; ++rounds) {
          // It fits into the socket.
          EXPECT_EQ(client->Write(message), absl::OkStatus());
          EXPECT_EQ(ReadFull(*server, absl::MakeSpan(&buffer[0], kSize)),
                    absl::OkStatus());
        }
        other.Join();
      })
      .Join();
  // Two calls each, and two more for the bytes.
  EXPECT_LE(rounds, kCallsBetweenYields / 4 + 4);
}

// How many turns `busy` takes between the time that a sleeper has asked for and
// its going on.
int TurnsUntilSleeperGoesOn(Runtime& runtime, Busy& busy) {
  runtime
      .Go([&] {
        // The sleeper's own short turn lets the next pass have more turns. On a
        // busy machine its time may be over before that is past.
        MonotonicNanos sleep = kSleep / 2;
        do {
          sleep *= 2;
          const MonotonicNanos until = Clock::Real().MonotonicNow() + sleep;
          busy.CountFrom(until);
          // SleepFor would look at the clock anew, maybe much later.
          EXPECT_EQ(ParkUntil(Waiter::Current(), {Clock::Real(), until},
                              kReason, [] { return false; }),
                    WaitState::kTimeout);
        } while (busy.turns_before() < kTurnsUntilSteady);
        busy.Stop();
      })
      .Join();
  return busy.turns();
}

TEST(FairnessTest, TimersAreLookedAt) {
  Runtime runtime(Workers(1));
  Busy busy(runtime);
  EXPECT_LE(TurnsUntilSleeperGoesOn(runtime, busy),
            kSwitchesBetweenLooks + kBusy + 1);
}

// Long turns are few in a pass.
TEST(FairnessTest, TimersAreLookedAtBesideLongTurns) {
  Runtime runtime(Workers(1));
  Busy busy(runtime, After::kYield, kManyBusy, kLongTurn);
  runtime
      .Go([&] {
        while (busy.turns() < 2 * kSwitchesBetweenLooks) Yield();
      })
      .Join();
  EXPECT_LE(TurnsUntilSleeperGoesOn(runtime, busy), kManyBusy + 2);
}

TEST(FairnessTest, TimersAreLookedAtBesideCallsThatNeverWait) {
  Runtime runtime(Workers(1));
  Busy busy(runtime, After::kCountCall);
  // Each of the others may have its calls before the look and after it.
  EXPECT_LE(TurnsUntilSleeperGoesOn(runtime, busy),
            (2 * kBusy + 1) * kCallsBetweenYields);
}

}  // namespace
}  // namespace plumb
