#include "transport/event.h"

#include <atomic>
#include <memory>
#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"

namespace plumb {
namespace {

class EventOnCrewsTest : public testing::TestWithParam<CrewKind> {};

INSTANTIATE_TEST_SUITE_P(Crews, EventOnCrewsTest, AllCrews(), CrewName);

TEST_P(EventOnCrewsTest, WakesThoseWhoWait) {
  Event event;
  EXPECT_FALSE(event.HasBeenNotified());
  Crew crew(GetParam());
  std::atomic<int> woken{0};
  for (int i = 0; i < 4; ++i) {
    crew.Go([&] {
      EXPECT_TRUE(event.Wait().ok());
      ++woken;
    });
  }
  crew.Go([&] {
    event.Notify();
    event.Notify();
  });
  crew.Join();
  EXPECT_EQ(woken, 4);
  EXPECT_TRUE(event.HasBeenNotified());
  EXPECT_TRUE(event.Wait().ok());
}

TEST_P(EventOnCrewsTest, EachMayBeDestroyedWhenItsWaitReturns) {
  Crew crew(GetParam());
  for (int i = 0; i < 100; ++i) {
    auto* const event = new Event;
    crew.Go([event] {
      EXPECT_TRUE(event->Wait().ok());
      delete event;
    });
    crew.Go([event] { event->Notify(); });
  }
  crew.Join();
}

TEST(EventTest, MayBeDestroyedWhenWaitReturns) {
  for (int i = 0; i < 500; ++i) {
    auto event = std::make_unique<Event>();
    std::thread notifier([raw = event.get()] { raw->Notify(); });
    EXPECT_TRUE(event->Wait().ok());
    event.reset();
    notifier.join();
  }
}

TEST(EventTest, WaitUntilEndsAtItsDeadline) {
  ManualClock clock;
  Event event;
  std::thread waiter([&] {
    const absl::Status status =
        event.WaitUntil(clock.TimeNow() + absl::Seconds(1), clock);
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_EQ(status.message(), "wait: i/o timeout");
    EXPECT_TRUE(IsTimeout(status));
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(2));
  waiter.join();
}

TEST(EventTest, CancelEndsTheWait) {
  Event event;
  CancelSource stop;
  std::thread waiter([&] {
    CancelScope scope(stop);
    const absl::Status status = event.Wait();
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(status.message(), "wait: operation was canceled");
    EXPECT_TRUE(IsCancelledCall(status));
    EXPECT_FALSE(IsClosed(status));
  });
  stop.Cancel();
  waiter.join();
}

TEST(EventTest, WhatHasHappenedBeatsADeadlineAndACancel) {
  Event event;
  event.Notify();
  CancelScope scope;
  scope.Cancel();
  EXPECT_TRUE(event.WaitUntil(absl::InfinitePast()).ok());
}

}  // namespace
}  // namespace plumb
