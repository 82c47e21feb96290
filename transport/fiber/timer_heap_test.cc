#include "transport/fiber/timer_heap.h"

#include <map>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "transport/clock.h"

namespace plumb {
namespace {

class TestTimer : public Timer {};

TEST(TimerHeapTest, EarliestFirst) {
  TimerHeap heap;
  TestTimer a, b, c;
  heap.Arm(a, 30);
  heap.Arm(b, 10);
  heap.Arm(c, 20);
  EXPECT_EQ(heap.next(), 10);
  EXPECT_EQ(heap.PopExpired(30), &b);
  EXPECT_EQ(heap.PopExpired(30), &c);
  EXPECT_EQ(heap.PopExpired(30), &a);
  EXPECT_EQ(heap.PopExpired(30), nullptr);
  EXPECT_EQ(heap.next(), kNever);
}

TEST(TimerHeapTest, NeverEarly) {
  TimerHeap heap;
  TestTimer timer;
  heap.Arm(timer, 10);
  EXPECT_EQ(heap.PopExpired(9), nullptr);
  EXPECT_EQ(heap.PopExpired(10), &timer);
  EXPECT_EQ(timer.deadline(), kNever);
}

TEST(TimerHeapTest, ALaterDeadlineIsSeenWhenTheEarlierComesUp) {
  TimerHeap heap;
  TestTimer timer;
  heap.Arm(timer, 10);
  timer.Disarm();
  heap.Arm(timer, 50);
  EXPECT_EQ(heap.next(), 10);
  EXPECT_EQ(heap.PopExpired(10), nullptr);
  EXPECT_EQ(heap.next(), 50);
  EXPECT_EQ(heap.PopExpired(50), &timer);
}

TEST(TimerHeapTest, AnEarlierDeadlineMovesForward) {
  TimerHeap heap;
  TestTimer a, b;
  heap.Arm(a, 20);
  heap.Arm(b, 30);
  heap.Arm(b, 10);
  EXPECT_EQ(heap.PopExpired(10), &b);
  EXPECT_EQ(heap.size(), 1u);
  heap.Remove(a);
}

TEST(TimerHeapTest, DisarmedNeverFires) {
  TimerHeap heap;
  TestTimer timer;
  heap.Arm(timer, 10);
  timer.Disarm();
  EXPECT_EQ(heap.PopExpired(100), nullptr);
  EXPECT_EQ(heap.size(), 0u);
}

TEST(TimerHeapTest, AgreesWithASortedMap) {
  TimerHeap heap;
  std::mt19937 random(1);
  std::vector<TestTimer> timers(300);
  std::map<Timer*, MonotonicNanos> armed;
  MonotonicNanos now = 0;
  for (int step = 0; step < 100000; ++step) {
    TestTimer& timer = timers[random() % timers.size()];
    switch (random() % 4) {
      case 0:
      case 1:
        armed[&timer] = now + 1 + static_cast<MonotonicNanos>(random() % 1000);
        heap.Arm(timer, armed[&timer]);
        break;
      case 2:
        armed.erase(&timer);
        if (random() % 2 == 0) {
          heap.Remove(timer);
        } else {
          timer.Disarm();
        }
        break;
      default:
        now += static_cast<MonotonicNanos>(random() % 20);
        while (Timer* expired = heap.PopExpired(now)) {
          ASSERT_EQ(armed.count(expired), 1u);
          ASSERT_LE(armed[expired], now);
          armed.erase(expired);
        }
        for (const auto& [unused, when] : armed) ASSERT_GT(when, now);
    }
  }
  for (TestTimer& timer : timers) heap.Remove(timer);
  EXPECT_EQ(heap.size(), 0u);
}

}  // namespace
}  // namespace plumb
