#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/unix/unix.h"
#include "backends/unix/unix_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/executor.h"
#include "testing/expect_error_for_test.h"
#include "testing/fiber_executor.h"
#include "testing/wait_until_blocked.h"
#include "transport/direction.h"
#include "transport/listener.h"
#include "transport/manual_clock.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/scope.h"
#include "transport/transport.h"

namespace {

std::atomic<int> connects{0};
std::atomic<int> sends{0};

}  // namespace

// In place of the C library's, so that a test can count them.
extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  ++connects;
  return static_cast<int>(syscall(SYS_connect, fd, address, size));
}
extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  ++sends;
  return syscall(SYS_sendmsg, fd, message, flags);
}

namespace plumb {
namespace {

using Code = absl::StatusCode;

// What the kernel answers with EAGAIN and then does not tell about: nobody may
// spin, on a thread nor on a fiber. Time stands still here but for the test's
// own steps.
class FullUnixTest
    : public UnixTest,
      public testing::WithParamInterface<std::unique_ptr<Executor> (*)()> {
 protected:
  static constexpr int kSteps = 5;
  // In kSteps of 50 ms there is room for six pauses of 1 to 32 ms, and after
  // them one for each step.
  static constexpr int kMaxTries = 6 + kSteps;

  // Moves the time until `done`; returns how often `count` went up.
  template <typename Done>
  int Advance(const std::atomic<int>& count, Done done) {
    const int first = count;
    for (int i = 0; i < kSteps && !done(); ++i) {
      // A pause that began only after the step would outlast it.
      while (clock_.alarm_count() == 0 && !done()) std::this_thread::yield();
      const int before = count;
      clock_.Advance(absl::Milliseconds(50));
      while (count == before && !done()) std::this_thread::yield();
    }
    return count - first;
  }

  const std::unique_ptr<Executor> executor_ = GetParam()();
  ManualClock clock_;
  const std::shared_ptr<Transport> slow_ = MakeUnix(clock_);
};

TEST_P(FullUnixTest, DialPausesWhileTheQueueIsFull) {
  ListenOptions options;
  options.backlog = 0;
  auto listener = *unix_->Listen("unix", Path("s"), options);
  auto first = *unix_->Dial("unix", Path("s"));
  std::atomic<bool> done{false};
  const int before = connects;
  absl::Status status;
  auto dialer = executor_->Go([&] {
    status = slow_->Dial("unix", Path("s")).status();
    done = true;
  });
  while (connects == before) std::this_thread::yield();
  EXPECT_LE(Advance(connects, [&] { return done.load(); }), kMaxTries);
  EXPECT_FALSE(done);
  auto accepted = *listener->Accept();
  while (!done) clock_.Advance(absl::Milliseconds(50));
  dialer->Join();
  EXPECT_TRUE(status.ok()) << status;
}

TEST_P(FullUnixTest, ScopeEndsADialThatPauses) {
  ListenOptions options;
  options.backlog = 0;
  auto listener = *unix_->Listen("unixpacket", Path("s"), options);
  auto first = *unix_->Dial("unixpacket", Path("s"));
  CancelSource stop;
  absl::Status status;
  const int before = connects;
  auto dialer = executor_->Go([&] {
    const CancelScope scope(stop);
    status = slow_->Dial("unixpacket", Path("s")).status();
  });
  while (connects == before) std::this_thread::yield();
  stop.Cancel();
  dialer->Join();
  ExpectError(
      status, Code::kCancelled,
      absl::StrCat("dial unixpacket ", Path("s"), ": operation was canceled"));
}

TEST_P(FullUnixTest, WriteToPausesWhileTheReceiverIsFull) {
  auto receiver = *unix_->ListenPacket("unixgram", Path("r"));
  auto sender = *slow_->ListenPacket("unixgram", Path("s"));
  std::atomic<int> written{0};
  std::atomic<bool> done{false};
  absl::Status status;
  auto writer = executor_->Go([&] {
    while ((status = sender->WriteTo("x", receiver->LocalAddr())).ok()) {
      ++written;
    }
    done = true;
  });
  EXPECT_TRUE(WaitUntilBlocked(*sender, 1, Direction::kWrite));
  const int full = written;
  EXPECT_GT(full, 0);
  EXPECT_LE(Advance(sends, [&] { return done.load(); }), kMaxTries);
  EXPECT_EQ(written, full);
  ASSERT_TRUE(receiver->ReadFrom(absl::MakeSpan(buffer_)).ok());
  while (written == full) clock_.Advance(absl::Milliseconds(50));
  EXPECT_TRUE(sender->Close().ok());
  writer->Join();
  ExpectError(status, Code::kCancelled,
              absl::StrCat("write unixgram ", Path("s"), "->", Path("r"),
                           ": use of closed network connection"));
}

std::unique_ptr<Executor> OneWorker() { return MakeFiberExecutor(1); }

INSTANTIATE_TEST_SUITE_P(Threads, FullUnixTest,
                         testing::Values(&MakeThreadExecutor));
INSTANTIATE_TEST_SUITE_P(Fibers, FullUnixTest, testing::Values(&OneWorker));

}  // namespace
}  // namespace plumb
