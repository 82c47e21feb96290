#include "transport/gate.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace plumb {
namespace {

using Turn = Gate::Turn;

void AwaitQueue(const Gate& gate, Direction direction, int length) {
  while (gate.QueueLength(direction) != length) std::this_thread::yield();
}

TEST(GateTest, RefusesAfterClose) {
  Gate gate;
  EXPECT_TRUE(gate.Enter());
  gate.Leave();
  EXPECT_TRUE(gate.Close());
  gate.AwaitEmpty();
  gate.Done();
  EXPECT_TRUE(gate.closed());
  EXPECT_FALSE(gate.Enter());
  EXPECT_EQ(gate.TryEnter(Direction::kRead), Turn::kClosed);
  EXPECT_FALSE(gate.Close());
}

// S-CN-05: Go takes 2^20 - 1.
TEST(GateTest, ThereIsNoLimitOfCallsInside) {
  constexpr int kCalls = 1 << 21;
  Gate gate;
  for (int i = 0; i < kCalls; ++i) ASSERT_TRUE(gate.Enter());
  EXPECT_EQ(gate.TryEnter(Direction::kRead), Turn::kTaken);
  EXPECT_TRUE(gate.Close());
  gate.Leave(Direction::kRead);
  for (int i = 0; i < kCalls; ++i) {
    EXPECT_FALSE(gate.done());
    gate.Leave();
  }
  gate.AwaitEmpty();
  gate.Done();
}

TEST(GateTest, EachDirectionHasItsOwnTurn) {
  Gate gate;
  EXPECT_EQ(gate.TryEnter(Direction::kRead), Turn::kTaken);
  EXPECT_EQ(gate.TryEnter(Direction::kRead), Turn::kQueued);
  EXPECT_EQ(gate.TryEnter(Direction::kWrite), Turn::kTaken);
  gate.Leave(Direction::kRead);
  EXPECT_EQ(gate.TryEnter(Direction::kRead), Turn::kTaken);
  gate.Leave(Direction::kRead);
  gate.Leave(Direction::kWrite);
}

TEST(GateTest, TurnsAreHandedOnInOrder) {
  Gate gate;
  ASSERT_EQ(gate.TryEnter(Direction::kWrite), Turn::kTaken);
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&gate, &order, i] {
      Gate::Queued queued;
      ASSERT_EQ(gate.EnterOrQueue(Direction::kWrite, queued), Turn::kQueued);
      while (queued.turn() == Turn::kQueued) {
        Waiter::Current().Park(kNever, nullptr);
      }
      ASSERT_EQ(queued.turn(), Turn::kTaken);
      order.push_back(i);
      gate.Leave(Direction::kWrite);
    });
    AwaitQueue(gate, Direction::kWrite, i + 1);
  }
  gate.Leave(Direction::kWrite);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(gate.TryEnter(Direction::kWrite), Turn::kTaken);
  gate.Leave(Direction::kWrite);
}

TEST(GateTest, OneThatLeavesTheQueueGetsNoTurn) {
  Gate gate;
  ASSERT_EQ(gate.TryEnter(Direction::kRead), Turn::kTaken);
  Gate::Queued queued;
  ASSERT_EQ(gate.EnterOrQueue(Direction::kRead, queued), Turn::kQueued);
  EXPECT_FALSE(gate.LeaveQueueIf(queued, [] { return false; }));
  EXPECT_EQ(gate.QueueLength(Direction::kRead), 1);
  EXPECT_TRUE(gate.LeaveQueueIf(queued, [] { return true; }));
  EXPECT_EQ(gate.QueueLength(Direction::kRead), 0);
  gate.Leave(Direction::kRead);
  EXPECT_EQ(queued.turn(), Turn::kQueued);
  EXPECT_EQ(gate.TryEnter(Direction::kRead), Turn::kTaken);
  gate.Leave(Direction::kRead);
}

TEST(GateTest, CloseReleasesTheQueuesAndWaitsForThoseInside) {
  Gate gate;
  ASSERT_TRUE(gate.Enter());
  ASSERT_EQ(gate.TryEnter(Direction::kRead), Turn::kTaken);
  std::thread reader([&gate] {
    Gate::Queued queued;
    ASSERT_EQ(gate.EnterOrQueue(Direction::kRead, queued), Turn::kQueued);
    while (queued.turn() == Turn::kQueued)
      Waiter::Current().Park(kNever, nullptr);
    EXPECT_EQ(queued.turn(), Turn::kClosed);
  });
  AwaitQueue(gate, Direction::kRead, 1);
  std::atomic<bool> empty{false};
  std::thread closer([&] {
    EXPECT_TRUE(gate.Close());
    gate.AwaitEmpty();
    empty = true;
    gate.Done();
  });
  reader.join();
  gate.Leave(Direction::kRead);
  EXPECT_FALSE(empty);  // one is still inside
  gate.Leave();
  closer.join();
  EXPECT_TRUE(empty);
}

TEST(GateTest, SecondCloseWaitsForTheFirst) {
  Gate gate;
  ASSERT_TRUE(gate.Close());
  std::atomic<bool> done{false};
  std::thread second([&] {
    EXPECT_FALSE(gate.Close());
    EXPECT_TRUE(done);
  });
  gate.AwaitEmpty();
  done = true;
  gate.Done();
  second.join();
}

// Turns exclude one another, no turn is lost, and every Gate empties.
TEST(GateTest, StressWithCloses) {
  for (int round = 0; round < 200; ++round) {
    auto gate = std::make_unique<Gate>();
    std::atomic<int> holders{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&gate, &holders] {
        for (;;) {
          Gate::Queued queued;
          Turn turn = gate->EnterOrQueue(Direction::kRead, queued);
          while (turn == Turn::kQueued) {
            Waiter::Current().Park(kNever, nullptr);
            turn = queued.turn();
          }
          if (turn == Turn::kClosed) return;
          EXPECT_EQ(holders.fetch_add(1), 0);
          holders.fetch_sub(1);
          gate->Leave(Direction::kRead);
        }
      });
    }
    std::thread closer([&gate] {
      for (int i = 0; i < 50; ++i) {
        if (gate->Enter()) gate->Leave();
      }
      if (gate->Close()) {
        gate->AwaitEmpty();
        gate->Done();
      }
    });
    closer.join();
    for (std::thread& thread : threads) thread.join();
  }
}

}  // namespace
}  // namespace plumb
