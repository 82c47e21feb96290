#include "backends/posix/stream_listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "backends/posix/socket.h"
#include "backends/posix/stream_conn.h"
#include "gtest/gtest.h"
#include "testing/no_descriptors_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

std::unique_ptr<Conn> MakeConn(Clock& clock, Descriptor descriptor,
                               std::shared_ptr<const CallNames> names) {
  return std::make_unique<StreamConn>(clock, std::move(descriptor),
                                      std::move(names));
}

class StreamListenerTest : public testing::Test {
 protected:
  StreamListenerTest() {
    Descriptor fd = *MakeSocket(AF_INET, SOCK_STREAM, 0);
    const SockAddr any = *SockAddr::Ip({IpAddr::LoopbackV4(), 0}, AF_INET);
    EXPECT_TRUE(BindSocket(fd.get(), any).ok());
    EXPECT_TRUE(ListenSocket(fd.get(), 8).ok());
    address_ = *SocketName(fd.get());
    auto names = std::make_shared<CallNames>();
    names->network = "tcp4";
    names->addr = address_.ToAddr("tcp");
    text_ = names->addr.ToString();
    listener_ = std::make_unique<StreamListener>(
        Clock::Real(), std::move(fd), std::move(names), "tcp", MakeConn);
  }

  Descriptor Connect() const {
    Descriptor fd = *MakeSocket(AF_INET, SOCK_STREAM, 0);
    connect(fd.get(), address_.get(), address_.size());
    return fd;
  }

  SockAddr address_;
  std::string text_;
  std::unique_ptr<StreamListener> listener_;
};

TEST_F(StreamListenerTest, AcceptsWithBothEnds) {
  const Descriptor client = Connect();
  const std::unique_ptr<Conn> conn = *listener_->Accept();
  EXPECT_EQ(conn->LocalAddr(), listener_->Address());
  EXPECT_EQ(conn->RemoteAddr(), SocketName(client.get())->ToAddr("tcp"));
  const absl::Status past = conn->SetDeadline(absl::InfinitePast());
  ASSERT_TRUE(past.ok());
  EXPECT_EQ(conn->Write("x").message(), "write tcp4 " + text_ + "->" +
                                            conn->RemoteAddr().ToString() +
                                            ": i/o timeout");
}

TEST_F(StreamListenerTest, BlockedAcceptEndsWithClose) {
  absl::Status status;
  std::thread accepter([&] { status = listener_->Accept().status(); });
  EXPECT_TRUE(WaitUntilBlocked(*listener_, 1, Direction::kRead));
  EXPECT_TRUE(listener_->Close().ok());
  accepter.join();
  EXPECT_EQ(status.code(), Code::kCancelled);
  EXPECT_EQ(status.message(),
            "accept tcp4 " + text_ + ": use of closed network connection");
  EXPECT_EQ(listener_->Close().message(),
            "close tcp4 " + text_ + ": use of closed network connection");
  EXPECT_EQ(listener_->SetDeadline(absl::InfinitePast()).message(),
            "set tcp4 " + text_ + ": use of closed network connection");
  EXPECT_EQ(listener_->Address().ToString(), text_);
}

// S-AC-05.
TEST_F(StreamListenerTest, DeadlineBeatsAConnectionThatWaits) {
  const Descriptor client = Connect();
  ASSERT_TRUE(listener_->SetDeadline(absl::InfinitePast()).ok());
  const absl::Status status = listener_->Accept().status();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(status.message(), "accept tcp4 " + text_ + ": i/o timeout");
  ASSERT_TRUE(listener_->SetDeadline(absl::InfiniteFuture()).ok());
  EXPECT_TRUE(listener_->Accept().ok());
}

// S-AC-02.
TEST_F(StreamListenerTest, OutOfDescriptorsLeavesTheConnectionQueued) {
  const Descriptor client = Connect();
  absl::Status status;
  {
    const NoDescriptors none;
    status = listener_->Accept().status();
  }
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(),
            "accept tcp4 " + text_ + ": accept4: too many open files");
  EXPECT_TRUE(listener_->Accept().ok());
}

// S-AC-08.
TEST_F(StreamListenerTest, PeerThatSentAndClosedIsAccepted) {
  {
    const Descriptor client = Connect();
    ASSERT_EQ(send(client.get(), "bye", 3, MSG_NOSIGNAL), 3);
  }
  const std::unique_ptr<Conn> conn = *listener_->Accept();
  char buffer[8];
  EXPECT_EQ(*conn->Read(absl::MakeSpan(buffer)), 3u);
  EXPECT_TRUE(IsEof(conn->Read(absl::MakeSpan(buffer)).status()));
}

}  // namespace
}  // namespace plumb
