#include "testing/fault/no_wait_scope.h"

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "backends/fake/fake.h"
#include "backends/tcp/tcp.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "testing/conformance/conn_pair.h"
#include "testing/executor.h"
#include "testing/fiber_executor.h"
#include "testing/matchers.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

TEST(NoWaitClockTest, ItsTimeComesWithTheFirstAlarm) {
  NoWaitClock clock;
  const MonotonicNanos soon = clock.MonotonicAfter(absl::Seconds(1));
  EXPECT_FALSE(clock.HasPassed(soon));
  int calls = 0;
  const auto id = clock.alarms()->CallAt(soon, [&calls] { ++calls; });
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(clock.alarms()->Cancel(id));
  EXPECT_TRUE(clock.HasPassed(soon));
  EXPECT_EQ(clock.TimeNow(), absl::UnixEpoch() + absl::Seconds(1));
}

class NoWaitScopeTest : public ::testing::TestWithParam<bool> {};

// On threads and fibers, of sockets and in memory, and on a clock that does not
// move.
TEST_P(NoWaitScopeTest, ACallGivesWhatIsThereAndNeverWaits) {
  const std::unique_ptr<Executor> executor =
      GetParam() ? MakeFiberExecutor(1) : MakeThreadExecutor();
  const auto task = executor->Go([] {
    ManualClock clock;
    FakeNetworkOptions options;
    options.clock = &clock;
    PairOptions ip;
    ip.network = "tcp";
    ip.address = "127.0.0.1:0";
    PairOptions named;
    named.network = "unix";
    named.dial.local_address = "";
    const std::shared_ptr<Transport> fake = FakeNetwork(options).Host("db");
    std::vector<absl::StatusOr<ConnPair>> pairs;
    pairs.push_back(DialAndAccept(*MakeTcp(clock), ip));
    pairs.push_back(DialAndAccept(*MakeUnix(clock), named));
    pairs.push_back(DialAndAccept(*fake, ip));
    for (const absl::StatusOr<ConnPair>& pair : pairs) {
      ASSERT_THAT(pair.status(), IsOk());
      char buffer[10];
      for (int i = 0; i < 3; ++i) {
        ASSERT_THAT(pair->far->Write("here"), IsOk());
        // A Read of a socket waits first after one that found less than it
        // asked for.
        ASSERT_THAT(pair->near->WaitReadable(), IsOk());
        const NoWaitScope scope;
        EXPECT_THAT(pair->near->Read(absl::MakeSpan(buffer)), IsOkAndHolds(4));
        EXPECT_THAT(pair->near->Read(absl::MakeSpan(buffer)).status(),
                    IsTimeout());
        // And ends all that comes after it.
        EXPECT_THAT(Event().Wait(), IsTimeout());
      }
    }
  });
  task->Join();
}

INSTANTIATE_TEST_SUITE_P(OnFibers, NoWaitScopeTest, ::testing::Bool());

}  // namespace
}  // namespace plumb
