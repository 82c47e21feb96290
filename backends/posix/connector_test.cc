#include "backends/posix/connector.h"

#include <sys/socket.h>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "backends/posix/socket.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/manual_clock.h"
#include "transport/scope.h"

namespace plumb {
namespace {

ErrorInfo DialInfo() {
  ErrorInfo info;
  info.op = "dial";
  info.network = "tcp";
  return info;
}

TEST(Connector, TheEarlierOfTimeoutAndDeadline) {
  ManualClock clock;
  const absl::Time now = clock.TimeNow();
  EXPECT_EQ(Connector(clock, absl::Seconds(3)).deadline(),
            clock.MonotonicAfter(absl::Seconds(3)));
  EXPECT_EQ(
      Connector(clock, absl::Seconds(3), now + absl::Seconds(1)).deadline(),
      clock.MonotonicAfter(absl::Seconds(1)));
  EXPECT_EQ(Connector(clock, absl::InfiniteDuration()).deadline(), kNever);
}

// Its calendar can be set; nothing else moves.
class JumpingClock final : public Clock {
 public:
  absl::Time TimeNow() const override { return calendar; }
  MonotonicNanos MonotonicNow() const override { return 1000; }
  AlarmClock* alarms() override { return clock_.alarms(); }

  absl::Time calendar = absl::UnixEpoch();

 private:
  ManualClock clock_;
};

TEST(Connector, AJumpOfTheCalendarIsNotTheEnd) {
  JumpingClock clock;
  const Connector connector(clock, absl::Seconds(3));
  clock.calendar += absl::Hours(1);
  EXPECT_EQ(connector.Check(DialInfo()), absl::OkStatus());
  EXPECT_EQ(connector.ShareOfDeadline(1), connector.deadline());
}

// V-9, S-DI-19.
TEST(Connector, SharesTheTimeOut) {
  const struct {
    absl::Duration remaining;
    size_t left;
    absl::Duration share;
  } kCases[] = {
      {absl::Seconds(12), 1, absl::Seconds(12)},
      {absl::Seconds(12), 2, absl::Seconds(6)},
      {absl::Seconds(12), 3, absl::Seconds(4)},
      {absl::Seconds(12), 1000, absl::Seconds(2)},
      {absl::Seconds(1.9), 999, absl::Seconds(1.9)},
  };
  ManualClock clock;
  for (const auto& c : kCases) {
    const Connector connector(clock, c.remaining);
    EXPECT_EQ(connector.ShareOfDeadline(c.left), clock.MonotonicAfter(c.share));
  }
  EXPECT_EQ(Connector(clock, absl::InfiniteDuration()).ShareOfDeadline(999),
            kNever);
}

TEST(Connector, CheckTellsWhyDialHasToEnd) {
  ManualClock clock;
  const Connector connector(clock, absl::Seconds(1));
  EXPECT_EQ(connector.Check(DialInfo()), absl::OkStatus());
  clock.Advance(absl::Seconds(1));
  const absl::Status late = connector.Check(DialInfo());
  EXPECT_EQ(late.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(late.message(), "dial tcp: i/o timeout");
  CancelScope scope;
  scope.Cancel();
  const absl::Status cancelled = connector.Check(DialInfo());
  EXPECT_EQ(cancelled.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(cancelled.message(), "dial tcp: operation was canceled");
}

TEST(Connector, Refused) {
  const Connector connector(Clock::Real(), absl::InfiniteDuration());
  const Descriptor bound = *MakeSocket(AF_INET, SOCK_STREAM, 0);
  ASSERT_TRUE(
      BindSocket(bound.get(), *SockAddr::Ip({IpAddr::LoopbackV4(), 0}, AF_INET))
          .ok());
  const Descriptor fd = *MakeSocket(AF_INET, SOCK_STREAM, 0);
  const absl::Status status =
      connector.Connect(fd.get(), *SocketName(bound.get()), kNever, DialInfo());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(status.message(), "dial tcp: connect: connection refused");
  EXPECT_TRUE(IsRefused(status));
}

}  // namespace
}  // namespace plumb
