#include "transport/server/idle_timeout.h"

#include <memory>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/manual_clock.h"
#include "transport/pipe.h"

namespace plumb {
namespace {

class IdleTimeoutTest : public ::testing::Test {
 protected:
  IdleTimeoutTest() {
    PipeOptions options;
    options.buffer = 4;
    options.clock = &clock_;
    auto [near, far] = Pipe(options);
    conn_ = WithIdleTimeout(std::move(near), absl::Seconds(10), clock_);
    peer_ = std::move(far);
  }

  absl::Status Read() { return conn_->Read(absl::MakeSpan(buffer_)).status(); }

  ManualClock clock_;
  std::unique_ptr<Conn> conn_;
  std::unique_ptr<Conn> peer_;
  char buffer_[16];
};

TEST_F(IdleTimeoutTest, EachReadHasTheWholeTime) {
  for (int i = 0; i < 3; ++i) {
    std::thread reader([&] { EXPECT_EQ(Read(), absl::OkStatus()); });
    clock_.AwaitAlarms(1);
    clock_.Advance(absl::Seconds(9));
    EXPECT_EQ(peer_->Write("x"), absl::OkStatus());
    reader.join();
  }
  std::thread reader(
      [&] { EXPECT_EQ(Read().message(), "read pipe: i/o timeout"); });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(10));
  reader.join();
}

TEST_F(IdleTimeoutTest, TimeBetweenTwoCallsDoesNotCount) {
  EXPECT_EQ(peer_->Write("x"), absl::OkStatus());
  EXPECT_EQ(Read(), absl::OkStatus());
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(peer_->Write("x"), absl::OkStatus());
  EXPECT_EQ(Read(), absl::OkStatus());
}

TEST_F(IdleTimeoutTest, WaitReadableTimesOut) {
  std::thread reader([&] { EXPECT_TRUE(IsTimeout(conn_->WaitReadable())); });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(10));
  reader.join();
}

TEST_F(IdleTimeoutTest, AWriteThatThePeerDoesNotTakeTimesOut) {
  std::thread writer([&] {
    const absl::Status status = conn_->Write("123456");
    EXPECT_TRUE(IsTimeout(status)) << status;
    EXPECT_EQ(BytesDone(status), 4u);
  });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(10));
  writer.join();
}

TEST_F(IdleTimeoutTest, AnEarlierDeadlineHolds) {
  EXPECT_EQ(conn_->SetReadDeadline(clock_.TimeNow() + absl::Seconds(12)),
            absl::OkStatus());
  EXPECT_EQ(peer_->Write("x"), absl::OkStatus());
  EXPECT_EQ(Read(), absl::OkStatus());
  clock_.Advance(absl::Seconds(5));
  std::thread reader([&] { EXPECT_TRUE(IsTimeout(Read())); });
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(7));
  reader.join();
  EXPECT_TRUE(IsTimeout(Read()));
  EXPECT_EQ(conn_->Write("1234"), absl::OkStatus());
}

TEST_F(IdleTimeoutTest, ClearingADeadlineLeavesTheTimeout) {
  EXPECT_EQ(conn_->SetDeadline(absl::UnixEpoch()), absl::OkStatus());
  EXPECT_TRUE(IsTimeout(Read()));
  EXPECT_TRUE(IsTimeout(conn_->Write("1")));
  EXPECT_EQ(conn_->SetDeadline(absl::InfiniteFuture()), absl::OkStatus());
  EXPECT_EQ(conn_->Write("1"), absl::OkStatus());
  std::thread reader([&] { EXPECT_TRUE(IsTimeout(Read())); });
  clock_.AwaitAlarms(1);
  // It reaches the call that is blocked, and does not lengthen it.
  EXPECT_EQ(conn_->SetDeadline(absl::InfiniteFuture()), absl::OkStatus());
  clock_.AwaitAlarms(1);
  clock_.Advance(absl::Seconds(10));
  reader.join();
}

TEST_F(IdleTimeoutTest, AfterCloseEverythingIsClosed) {
  EXPECT_EQ(conn_->Close(), absl::OkStatus());
  EXPECT_TRUE(IsClosed(Read()));
  EXPECT_TRUE(IsClosed(conn_->Write("x")));
  EXPECT_TRUE(IsClosed(conn_->WaitReadable()));
  EXPECT_TRUE(IsClosed(conn_->SetDeadline(absl::InfiniteFuture())));
}

}  // namespace
}  // namespace plumb
