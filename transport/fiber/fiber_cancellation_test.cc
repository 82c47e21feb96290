// What scopes end and inherit where all are fibers: in the children of a
// FiberGroup, in fibers of Go, and by Fiber::Cancel.
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/fiber/crew_for_test.h"
#include "transport/fiber/fiber_group.h"
#include "transport/fiber/runtime.h"
#include "transport/scope.h"
#include "transport/sleep.h"

namespace plumb {
namespace {

// What is of fibers alone, with one worker and with several.
class FiberCancellationTest : public testing::TestWithParam<CrewKind> {
 protected:
  void Run(std::function<void()> body) {
    Crew crew(GetParam());
    crew.Go(std::move(body));
  }
};

TEST_P(FiberCancellationTest, GroupWaitIsNoneButTheChildrenEnd) {
  Run([] {
    Event never, end;
    int ended = 0;
    CancelScope scope;
    FiberGroup group;
    group.Go([&] {
      const absl::Status status = never.Wait();
      const ShieldScope shield;
      (void)end.Wait();
      ++ended;
      return status;
    });
    Go([&] {
      scope.Cancel();
      end.Notify();
    });
    EXPECT_TRUE(IsCancelledCall(group.Wait()));
    EXPECT_EQ(ended, 1);
  });
}

TEST_P(FiberCancellationTest, TheChildrenOfAGroupInheritADeadline) {
  Run([] {
    Event never;
    const DeadlineScope limit(absl::Milliseconds(2));
    FiberGroup group;
    group.Go([&] { return never.Wait(); });
    EXPECT_TRUE(IsTimeout(group.Wait()));
  });
}

TEST_P(FiberCancellationTest, TheChildrenOfAGroupInheritACancel) {
  Run([] {
    Event never, ended;
    CancelScope scope;
    FiberGroup group;
    group.Go([&] {
      const absl::Status status = never.Wait();
      ended.Notify();
      return status;
    });
    Yield();
    scope.Cancel();
    {
      // Nobody is in Wait.
      const ShieldScope shield;
      EXPECT_EQ(ended.Wait(), absl::OkStatus());
    }
    EXPECT_TRUE(IsCancelledCall(group.Wait()));
  });
}

TEST_P(FiberCancellationTest, AShieldAroundTheGroupHidesWhatIsOutside) {
  Run([] {
    CancelScope scope;
    scope.Cancel();
    const ShieldScope shield;
    FiberGroup group;
    group.Go([] { return plumb::SleepFor(absl::ZeroDuration()); });
    EXPECT_EQ(group.Wait(), absl::OkStatus());
  });
}

TEST_P(FiberCancellationTest, ThoseOfGoInheritNothing) {
  Run([] {
    CancelScope scope;
    scope.Cancel();
    const DeadlineScope passed(absl::ZeroDuration());
    absl::Status status = absl::UnknownError("not run");
    Go([&] { status = plumb::SleepFor(absl::ZeroDuration()); }).Join();
    EXPECT_EQ(status, absl::OkStatus());
  });
}

TEST_P(FiberCancellationTest, FiberCancelIsTheOuterScope) {
  Run([] {
    Event never;
    absl::Status inside, shielded;
    const Fiber fiber = Go([&] {
      const DeadlineScope limit(absl::Hours(1));
      inside = never.Wait();
      const ShieldScope shield;
      shielded = plumb::SleepFor(absl::Microseconds(1));
    });
    fiber.Cancel();
    fiber.Join();
    EXPECT_EQ(inside.message(), "wait: operation was canceled");
    EXPECT_EQ(shielded, absl::OkStatus());
  });
}

INSTANTIATE_TEST_SUITE_P(Crews, FiberCancellationTest,
                         testing::Values(CrewKind::kOneWorker,
                                         CrewKind::kThreeWorkers),
                         CrewName);

}  // namespace
}  // namespace plumb
