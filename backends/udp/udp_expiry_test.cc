#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/udp/udp.h"
#include "backends/udp/udp_listener_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/manual_clock.h"
#include "transport/options.h"
#include "transport/transport.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

class UdpExpiryTest : public UdpListenerTest {
 protected:
  UdpExpiryTest() {
    udp_ = MakeUdp(clock_);
    UdpListenOptions limits;
    limits.idle_timeout = absl::Seconds(10);
    ListenOptions options;
    options.extras.Set(limits);
    Listen(options);
  }
  ~UdpExpiryTest() override { listener_ = nullptr; }

  ManualClock clock_;
};

TEST_F(UdpExpiryTest, IdleLeaderReadsTheEnd) {
  const Pair pair = Connect();
  absl::Status status;
  std::thread reader([&pair, &status] {
    char buffer[1];
    status = pair.conn->Read(absl::MakeSpan(buffer)).status();
  });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(10));
  reader.join();
  EXPECT_TRUE(IsEof(status)) << status;
  EXPECT_EQ(Counters().expired_peers, 1);
  EXPECT_TRUE(pair.conn->WaitReadable().ok());
  // Writes still go out, and what comes back is from a new peer.
  ASSERT_TRUE(pair.conn->Write("late").ok());
  EXPECT_EQ(Read(*pair.remote), "late");
  ASSERT_TRUE(pair.remote->Write("new").ok());
  EXPECT_EQ(Read(*Accept()), "new");
  EXPECT_EQ(Read(*pair.conn), "EOF");
}

TEST_F(UdpExpiryTest, IdleFollowerReadsTheEnd) {
  const Pair pair = Connect();
  std::thread accept([this] { Accept(); });
  clock_.AwaitAlarms(1);
  Reader follower(*threads_, *pair.conn);
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(follower.Join(), "EOF");
  ASSERT_TRUE(Dial()->Write("x").ok());
  accept.join();
}

TEST_F(UdpExpiryTest, NextLeaderKeepsTheClock) {
  const Pair busy = Connect(), idle = Connect();
  Reader leader(*threads_, *busy.conn);
  Reader follower(*threads_, *idle.conn);
  clock_.Advance(absl::Seconds(9));
  ASSERT_TRUE(busy.remote->Write("x").ok());
  EXPECT_EQ(leader.Join(), "x");
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(follower.Join(), "EOF");
  EXPECT_EQ(Counters().peers, 1);
}

TEST_F(UdpExpiryTest, WritesKeepAPeer) {
  const Pair pair = Connect();
  Reader reader(*threads_, *pair.conn);
  clock_.AwaitAlarms(1);
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(absl::Seconds(9));
    ASSERT_TRUE(pair.conn->Write("x").ok());
  }
  ASSERT_TRUE(pair.remote->Write("still there").ok());
  EXPECT_EQ(reader.Join(), "still there");
  EXPECT_EQ(Counters().expired_peers, 0);
}

TEST_F(UdpListenerTest, IdleTimeoutMustBePositive) {
  UdpListenOptions limits;
  limits.idle_timeout = absl::ZeroDuration();
  ListenOptions options;
  options.extras.Set(limits);
  const absl::Status status =
      udp_->Listen("udp", "127.0.0.1:0", options).status();
  ExpectError(status, Code::kInvalidArgument,
              "listen udp: idle_timeout 0 is not positive");
  EXPECT_EQ(GetErrorInfo(status)->detail, "udp_listen");
}

}  // namespace
}  // namespace plumb
