#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "backends/udp/udp_listener_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/coop.h"
#include "testing/executor.h"
#include "testing/expect_error_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/scope.h"

// Of those who wait for datagrams the first one leads. Each test makes it leave
// in another way, and then the other one must get its datagram; on threads,
// where Close waits for a leader that sits in ppoll, and on tasks, where it
// does not and a leader hands on the lead after its Conn is gone.

namespace plumb {
namespace {

struct Kind {
  const char* name;
  std::unique_ptr<Executor> (*make)();
};

class UdpHandOverTest : public UdpListenerTest,
                        public testing::WithParamInterface<Kind> {
 protected:
  UdpHandOverTest() {
    Listen();
    leader_ = Connect();
    other_ = Connect();
    third_ = Connect();
  }

  void ExpectServed(Pair& pair, Reader& reader) {
    ASSERT_TRUE(pair.remote->Write("data").ok());
    EXPECT_EQ(reader.Join(), "data");
  }

  const std::unique_ptr<Executor> executor_ = GetParam().make();
  Pair leader_, other_, third_;
};

TEST_P(UdpHandOverTest, LeaderServesTheOthers) {
  Reader leader(*executor_, *leader_.conn), other(*executor_, *other_.conn);
  ExpectServed(other_, other);
  ExpectServed(leader_, leader);
}

TEST_P(UdpHandOverTest, LeaderGetsItsDatagram) {
  Reader leader(*executor_, *leader_.conn), other(*executor_, *other_.conn),
      third(*executor_, *third_.conn);
  ExpectServed(leader_, leader);
  ExpectServed(third_, third);
  ExpectServed(other_, other);
}

TEST_P(UdpHandOverTest, LeaderTimesOut) {
  Reader leader(*executor_, *leader_.conn), other(*executor_, *other_.conn);
  ASSERT_TRUE(leader_.conn->SetReadDeadline(absl::UnixEpoch()).ok());
  EXPECT_EQ(leader.Join(),
            absl::StrCat("read udp ", EndsOf(*leader_.conn), ": i/o timeout"));
  ExpectServed(other_, other);
}

TEST_P(UdpHandOverTest, LeaderIsClosed) {
  Reader leader(*executor_, *leader_.conn), other(*executor_, *other_.conn);
  ASSERT_TRUE(leader_.conn->Close().ok());
  EXPECT_EQ(leader.Join(), absl::StrCat("read udp ", EndsOf(*leader_.conn),
                                        ": use of closed network connection"));
  ExpectServed(other_, other);
}

TEST_P(UdpHandOverTest, LeaderIsDestroyed) {
  Reader leader(*executor_, *leader_.conn), other(*executor_, *other_.conn);
  const std::string ends = EndsOf(*leader_.conn);
  leader_.conn = nullptr;
  EXPECT_EQ(leader.Join(), absl::StrCat("read udp ", ends,
                                        ": use of closed network connection"));
  ExpectServed(other_, other);
}

TEST_P(UdpHandOverTest, LeaderIsCancelled) {
  CancelSource source;
  std::string result;
  const auto leader = executor_->Go([this, &source, &result] {
    CancelScope scope(source);
    result = Read(*leader_.conn);
  });
  ASSERT_TRUE(WaitUntilBlocked(*leader_.conn, 1));
  Reader other(*executor_, *other_.conn);
  source.Cancel();
  leader->Join();
  EXPECT_EQ(result, absl::StrCat("read udp ", EndsOf(*leader_.conn),
                                 ": operation was canceled"));
  ExpectServed(other_, other);
}

TEST_P(UdpHandOverTest, LeadingAcceptIsClosed) {
  const auto accept = executor_->Go(
      [this] { EXPECT_TRUE(IsClosed(listener_->Accept().status())); });
  ASSERT_TRUE(WaitUntilBlocked(*listener_, 1));
  Reader other(*executor_, *other_.conn);
  ASSERT_TRUE(listener_->Close().ok());
  accept->Join();
  ExpectServed(other_, other);
}

TEST_P(UdpHandOverTest, LeadingAcceptGetsItsPeer) {
  std::unique_ptr<Conn> accepted;
  const auto accept = executor_->Go([this, &accepted] { accepted = Accept(); });
  ASSERT_TRUE(WaitUntilBlocked(*listener_, 1));
  Reader other(*executor_, *other_.conn);
  const auto newcomer = Dial();
  ASSERT_TRUE(newcomer->Write("hello").ok());
  accept->Join();
  EXPECT_EQ(Read(*accepted), "hello");
  ExpectServed(other_, other);
}

TEST_P(UdpHandOverTest, ReaderLeadsForAccept) {
  Reader leader(*executor_, *leader_.conn);
  std::unique_ptr<Conn> accepted;
  const auto accept = executor_->Go([this, &accepted] { accepted = Accept(); });
  ASSERT_TRUE(WaitUntilBlocked(*listener_, 1));
  const auto newcomer = Dial();
  ASSERT_TRUE(newcomer->Write("hello").ok());
  accept->Join();
  EXPECT_EQ(Read(*accepted), "hello");
  ExpectServed(leader_, leader);
}

TEST_P(UdpHandOverTest, FollowersLeave) {
  Reader leader(*executor_, *leader_.conn), other(*executor_, *other_.conn),
      third(*executor_, *third_.conn);
  ASSERT_TRUE(other_.conn->SetReadDeadline(absl::UnixEpoch()).ok());
  EXPECT_EQ(other.Join(),
            absl::StrCat("read udp ", EndsOf(*other_.conn), ": i/o timeout"));
  const std::string ends = EndsOf(*third_.conn);
  third_.conn = nullptr;
  EXPECT_EQ(third.Join(), absl::StrCat("read udp ", ends,
                                       ": use of closed network connection"));
  ExpectServed(leader_, leader);
}

TEST_P(UdpHandOverTest, DeadlinesOfFollowersHold) {
  Reader leader(*executor_, *leader_.conn);
  ASSERT_TRUE(
      other_.conn->SetReadDeadline(absl::Now() + absl::Milliseconds(5)).ok());
  EXPECT_EQ(Read(*other_.conn),
            absl::StrCat("read udp ", EndsOf(*other_.conn), ": i/o timeout"));
  ExpectServed(leader_, leader);
}

TEST_P(UdpHandOverTest, WaitReadableLeadsToo) {
  const auto leader =
      executor_->Go([this] { EXPECT_TRUE(leader_.conn->WaitReadable().ok()); });
  ASSERT_TRUE(WaitUntilBlocked(*leader_.conn, 1));
  Reader other(*executor_, *other_.conn);
  ASSERT_TRUE(leader_.remote->Write("x").ok());
  leader->Join();
  ExpectServed(other_, other);
}

INSTANTIATE_TEST_SUITE_P(Executors, UdpHandOverTest,
                         testing::Values(Kind{"Threads", MakeThreadExecutor},
                                         Kind{"Tasks", MakeCoopExecutor}),
                         [](const auto& instance) {
                           return instance.param.name;
                         });

}  // namespace
}  // namespace plumb
