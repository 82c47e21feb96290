// The kernel has no room for another registration (epoll_ctl(2): ENOMEM, or
// ENOSPC beyond /proc/sys/fs/epoll/max_user_watches).
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/fiber/runtime.h"
#include "transport/fiber/workers_for_test.h"
#include "transport/io.h"
#include "transport/listener.h"
#include "transport/transport.h"

namespace {

std::atomic<int> error{0};
std::atomic<int> refusals{0};

}  // namespace

// In place of the C library's: fails while `error` is set.
extern "C" int epoll_ctl(int epoll, int operation, int fd,
                         epoll_event* event) noexcept {
  if (error != 0) {
    ++refusals;
    errno = error;
    return -1;
  }
  return static_cast<int>(syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}

namespace plumb {
namespace {

class PollerRefusedTest : public ::testing::TestWithParam<int> {
 protected:
  PollerRefusedTest() {
    auto listener = tcp_->Listen("tcp", "127.0.0.1:0");
    EXPECT_TRUE(listener.ok()) << listener.status();
    near_ = *tcp_->Dial("tcp", (*listener)->Address().ToString());
    far_ = *(*listener)->Accept();
    error = GetParam();
    refusals = 0;
  }
  ~PollerRefusedTest() override { error = 0; }

  const std::shared_ptr<Transport> tcp_ = MakeTcp();
  std::unique_ptr<Conn> near_;
  std::unique_ptr<Conn> far_;
  Runtime runtime_{Workers(1)};
};

TEST_P(PollerRefusedTest, AReadStillGetsWhatComes) {
  std::string got(5, '?');
  const Fiber reader = runtime_.Go([&] {
    EXPECT_EQ(ReadFull(*near_, absl::MakeSpan(got)), absl::OkStatus());
  });
  ASSERT_TRUE(WaitUntilBlocked(*near_, 1, Direction::kRead));
  EXPECT_EQ(far_->Write("hello"), absl::OkStatus());
  reader.Join();
  EXPECT_EQ(got, "hello");
  EXPECT_GT(refusals, 0);
}

TEST_P(PollerRefusedTest, AWriteStillGoesOn) {
  const std::string sent(8 << 20, 'w');
  const Fiber writer =
      runtime_.Go([&] { EXPECT_EQ(near_->Write(sent), absl::OkStatus()); });
  ASSERT_TRUE(WaitUntilBlocked(*near_, 1, Direction::kWrite));
  std::string got(sent.size(), '?');
  EXPECT_EQ(ReadFull(*far_, absl::MakeSpan(got)), absl::OkStatus());
  writer.Join();
  EXPECT_EQ(got, sent);
  EXPECT_GT(refusals, 0);
}

TEST_P(PollerRefusedTest, DeadlineCancelAndCloseStillEndAWait) {
  for (int i = 0; i < 3; ++i) {
    absl::Status status;
    const Fiber reader = runtime_.Go([&] {
      char byte;
      status = near_->Read(absl::MakeSpan(&byte, 1)).status();
    });
    ASSERT_TRUE(WaitUntilBlocked(*near_, 1, Direction::kRead));
    switch (i) {
      case 0:
        EXPECT_EQ(near_->SetReadDeadline(absl::UnixEpoch()), absl::OkStatus());
        reader.Join();
        EXPECT_TRUE(IsTimeout(status)) << status;
        EXPECT_EQ(near_->SetReadDeadline(absl::InfiniteFuture()),
                  absl::OkStatus());
        break;
      case 1:
        reader.Cancel();
        reader.Join();
        EXPECT_TRUE(IsCancelledCall(status)) << status;
        break;
      default:
        EXPECT_EQ(near_->Close(), absl::OkStatus());
        reader.Join();
        EXPECT_TRUE(IsClosed(status)) << status;
    }
  }
  EXPECT_GT(refusals, 0);
}

// S-AC-07.
TEST_P(PollerRefusedTest, AnAcceptedConnServes) {
  const auto listener = *tcp_->Listen("tcp", "127.0.0.1:0");
  const Fiber server = runtime_.Go([&] {
    const auto accepted = listener->Accept();
    ASSERT_TRUE(accepted.ok()) << accepted.status();
    std::string got(5, '?');
    EXPECT_EQ(ReadFull(**accepted, absl::MakeSpan(got)), absl::OkStatus());
    EXPECT_EQ((*accepted)->Write(got), absl::OkStatus());
  });
  ASSERT_TRUE(WaitUntilBlocked(*listener, 1));
  const auto client = *tcp_->Dial("tcp", listener->Address().ToString());
  EXPECT_EQ(client->Write("hello"), absl::OkStatus());
  std::string got(5, '?');
  EXPECT_EQ(ReadFull(*client, absl::MakeSpan(got)), absl::OkStatus());
  EXPECT_EQ(got, "hello");
  server.Join();
  EXPECT_GT(refusals, 0);
}

TEST_P(PollerRefusedTest, OnceThereIsRoomItIsRegistered) {
  char byte;
  const Fiber refused = runtime_.Go([&] {
    EXPECT_EQ(ReadFull(*near_, absl::MakeSpan(&byte, 1)), absl::OkStatus());
  });
  ASSERT_TRUE(WaitUntilBlocked(*near_, 1, Direction::kRead));
  error = 0;
  EXPECT_EQ(far_->Write("1"), absl::OkStatus());
  refused.Join();
  const int before = refusals;
  runtime_
      .Go([&] {
        EXPECT_EQ(far_->Write("2"), absl::OkStatus());
        EXPECT_EQ(ReadFull(*near_, absl::MakeSpan(&byte, 1)), absl::OkStatus());
        EXPECT_EQ(byte, '2');
      })
      .Join();
  EXPECT_EQ(refusals, before);
}

INSTANTIATE_TEST_SUITE_P(, PollerRefusedTest, ::testing::Values(ENOMEM, ENOSPC),
                         [](const auto& error) {
                           return error.param == ENOMEM ? "NoMemory"
                                                        : "TooManyWatches";
                         });

}  // namespace
}  // namespace plumb
