#include "transport/thread.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "testing/threads_for_test.h"

namespace plumb {
namespace {

TEST(ThreadTest, RunsWhatItIsGiven) {
  bool is_current = true;
  absl::Notification started;
  Thread none;
  Thread thread;
  thread = *Thread::Start([&, owned = std::make_unique<int>(1)] {
    started.WaitForNotification();
    is_current = thread.is_current();
  });
  started.Notify();
  EXPECT_FALSE(thread.is_current());
  EXPECT_TRUE(thread.joinable());
  thread.Join();
  EXPECT_FALSE(thread.joinable());
  EXPECT_TRUE(is_current);
  EXPECT_FALSE(none.joinable());
  EXPECT_FALSE(none.is_current());
}

TEST(ThreadTest, ADetachedOneGoesOn) {
  absl::Notification ended;
  Thread thread = *Thread::Start([&] { ended.Notify(); });
  thread.Detach();
  EXPECT_FALSE(thread.joinable());
  ended.WaitForNotification();
}

TEST(ThreadTest, ThereIsNone) {
  auto owned = std::make_shared<int>(1);
  FailThreadsAfter(0, 1);
  const absl::Status status = Thread::Start([owned] {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "start thread: resource temporarily unavailable");
  EXPECT_EQ(owned.use_count(), 1) << "the function is gone";
}

TEST(ThreadDeathTest, ThereIsNoneAndNobodyToTell) {
  EXPECT_DEATH(
      // A sanitizer may start a thread of its own after a fork(2), which fails
      // instead.
      for (;;) {
        FailThreadsAfter(0, 1);
        Thread::StartOrDie("Owner", [] {}).Join();
      },
      "plumb::Owner: start thread: resource temporarily unavailable");
}

}  // namespace
}  // namespace plumb
