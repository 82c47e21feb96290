#include "backends/posix/ip_dialer.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/addr.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/options.h"
#include "transport/pipe.h"
#include "transport/scope.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// "::" is tried as :: and as 0.0.0.0: two targets without a name server.
constexpr char kTwoTargets[] = "[::]:80";

class IpDialerTest : public testing::Test {
 protected:
  // Dials so that target `works` (counted from 0) succeeds.
  absl::Status Dial(absl::string_view address, size_t works) {
    IpDialer dialer(Clock::Real(), "tcp", "tcp", options_);
    const auto dial_one =
        [&](const IpPort& target,
            MonotonicNanos deadline) -> absl::StatusOr<std::unique_ptr<Conn>> {
      deadlines_.push_back(deadline);
      tried_.push_back(target.ToString());
      if (cancel_) scope_.Cancel();
      if (tried_.size() == works + 1) return std::move(Pipe().first);
      return OpError(Code::kUnavailable, dialer.InfoOf(target), "no luck");
    };
    return dialer.Dial(address, dial_one).status();
  }

  CancelScope scope_;
  bool cancel_ = false;
  DialOptions options_;
  std::vector<std::string> tried_;
  std::vector<MonotonicNanos> deadlines_;
};

TEST_F(IpDialerTest, StopsAtTheFirstThatWorks) {
  EXPECT_TRUE(Dial(kTwoTargets, 0).ok());
  EXPECT_EQ(tried_, std::vector<std::string>{"[::]:80"});
  EXPECT_EQ(deadlines_[0], kNever);
}

TEST_F(IpDialerTest, TriesTheNext) {
  EXPECT_TRUE(Dial(kTwoTargets, 1).ok());
  EXPECT_EQ(tried_, (std::vector<std::string>{"[::]:80", "0.0.0.0:80"}));
}

// S-DI-03.
TEST_F(IpDialerTest, FirstErrorWhenAllFail) {
  ExpectError(Dial(kTwoTargets, 9), Code::kUnavailable,
              "dial tcp [::]:80: no luck");
  EXPECT_EQ(tried_.size(), 2);
}

// S-DI-04.
TEST_F(IpDialerTest, SharesTheTime) {
  options_.timeout = absl::Seconds(100);
  const Clock& clock = Clock::Real();
  const MonotonicNanos in_75_s = clock.MonotonicAfter(absl::Seconds(75));
  const MonotonicNanos in_99_s = clock.MonotonicAfter(absl::Seconds(99));
  EXPECT_FALSE(Dial(kTwoTargets, 9).ok());
  EXPECT_LT(deadlines_[0], in_75_s);
  EXPECT_GT(deadlines_[1], in_99_s);
}

TEST_F(IpDialerTest, EndsInTime) {
  options_.timeout = absl::ZeroDuration();
  ExpectError(Dial(kTwoTargets, 0), Code::kDeadlineExceeded,
              "dial tcp [::]:80: i/o timeout");
  EXPECT_TRUE(tried_.empty());
}

TEST_F(IpDialerTest, CancelBetweenTargets) {
  cancel_ = true;
  const absl::Status status = Dial(kTwoTargets, 1);
  ExpectError(status, Code::kCancelled,
              "dial tcp 0.0.0.0:80: operation was canceled");
  EXPECT_TRUE(IsCancelledCall(status));
}

TEST_F(IpDialerTest, LocalAddressChoosesAmongTargets) {
  options_.local_address = "127.0.0.1:0";
  ExpectError(Dial("[::1]:80", 0), Code::kInvalidArgument,
              "dial tcp: address 127.0.0.1:0: no suitable address found");
  ExpectError(Dial("127.0.0.1:80", 9), Code::kUnavailable,
              "dial tcp 127.0.0.1:0->127.0.0.1:80: no luck");
  options_.local_address = ":0";
  tried_.clear();
  EXPECT_TRUE(Dial("[::1]:80", 0).ok());
}

TEST_F(IpDialerTest, BadInput) {
  ExpectError(Dial("", 0), Code::kInvalidArgument, "dial tcp: missing address");
  ExpectError(Dial("1:2:3", 0), Code::kInvalidArgument,
              "dial tcp: address 1:2:3: too many colons in address");
  options_.local_address = "nonsense";
  ExpectError(Dial("127.0.0.1:80", 0), Code::kInvalidArgument,
              "dial tcp: address nonsense: missing port in address");
}

}  // namespace
}  // namespace plumb
