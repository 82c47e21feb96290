#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/socket.h"
#include "backends/tcp/tcp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/scope.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

TEST_F(TcpTest, NegativeBacklogIsTheSystemsLimit) {
  ListenOptions options;
  options.backlog = -1;
  EXPECT_TRUE(tcp_->Listen("tcp", "127.0.0.1:0", options).ok());
}

// S-LN-05.
TEST_F(TcpTest, TheQueueIsAsLongAsTheSystemAllowsUnlessToldOtherwise) {
  ListenOptions shorter;
  shorter.backlog = 7;
  struct {
    ListenOptions options;
    int backlog;
  } const kCases[] = {{ListenOptions(), MaxBacklog()}, {shorter, 7}};
  for (const auto& c : kCases) {
    auto listener = *tcp_->Listen("tcp", "127.0.0.1:0", c.options);
    tcp_info info = {};
    socklen_t size = sizeof info;
    ASSERT_EQ(getsockopt(Extension<NativeHandle>(*listener)->Descriptor(),
                         IPPROTO_TCP, TCP_INFO, &info, &size),
              0);
    // Of one that listens it is the length of the queue.
    EXPECT_EQ(info.tcpi_sacked, c.backlog);
  }
}

// A listener whose queue is full does not answer.
class HangingTcpTest : public TcpTest {
 protected:
  HangingTcpTest() {
    ListenOptions options;
    options.backlog = 1;
    listener_ = *tcp_->Listen("tcp", "127.0.0.1:0", options);
    address_ = listener_->Address().ToString();
    // The kernel queues one more than it is asked for.
    for (int j = 0; j < 2; ++j) {
      queued_.push_back(*tcp_->Dial("tcp", address_));
    }
  }
  ~HangingTcpTest() override {
    queued_.clear();
    listener_.reset();
  }

  std::unique_ptr<Listener> listener_;
  std::string address_;
  std::vector<std::unique_ptr<Conn>> queued_;
};

TEST_F(HangingTcpTest, TimeoutEndsDial) {
  DialOptions options;
  options.timeout = absl::Milliseconds(20);
  ExpectError(tcp_->Dial("tcp", address_, options).status(),
              Code::kDeadlineExceeded,
              absl::StrCat("dial tcp ", address_, ": i/o timeout"));
}

TEST_F(HangingTcpTest, ScopesEndDial) {
  {
    const DeadlineScope limit(absl::Milliseconds(20));
    ExpectError(tcp_->Dial("tcp", address_).status(), Code::kDeadlineExceeded,
                absl::StrCat("dial tcp ", address_, ": i/o timeout"));
  }
  CancelSource stop;
  std::thread stopper([&stop] { stop.Cancel(); });
  const CancelScope scope(stop);
  const absl::Status status = tcp_->Dial("tcp", address_).status();
  stopper.join();
  ExpectError(status, Code::kCancelled,
              absl::StrCat("dial tcp ", address_, ": operation was canceled"));
  EXPECT_TRUE(IsCancelledCall(status));
}

// S-CL-08.
TEST_F(HangingTcpTest, ClosingTheListenerResetsTheQueue) {
  EXPECT_TRUE(listener_->Close().ok());
  EXPECT_TRUE(IsReset(queued_[0]->Read(absl::MakeSpan(buffer_)).status()));
}

}  // namespace
}  // namespace plumb
