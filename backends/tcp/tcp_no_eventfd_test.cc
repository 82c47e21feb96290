#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/tcp/tcp_fixture_for_test.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/scope.h"

namespace {

std::atomic<bool> no_eventfd{false};
std::atomic<int> eventfds{0};

}  // namespace

// In place of the C library's.
extern "C" int eventfd(unsigned count, int flags) noexcept {
  ++eventfds;
  if (no_eventfd) {
    errno = EMFILE;
    return -1;
  }
  return static_cast<int>(syscall(SYS_eventfd2, count, flags));
}

namespace plumb {
namespace {

// A thread that can have no descriptor to be woken by waits all the same, and
// looks around by itself (transport/thread_waiter.h).
TEST_F(TcpTest, EachEndOfAWaitWithoutAnEventfd) {
  Ends ends = Connect();
  CancelSource stop;
  const auto read_while = [&](const std::function<void()>& act) {
    eventfds = 0;
    no_eventfd = true;
    absl::StatusOr<size_t> read;
    std::thread reader([&] {
      const CancelScope scope(stop);
      read = ends.client->Read(absl::MakeSpan(buffer_));
    });
    EXPECT_TRUE(WaitUntilBlocked(*ends.client, 1, Direction::kRead));
    act();
    reader.join();
    no_eventfd = false;
    EXPECT_GT(eventfds, 0);
    return read;
  };
  EXPECT_EQ(*read_while([&] { EXPECT_TRUE(ends.server->Write("x").ok()); }),
            1u);
  EXPECT_TRUE(IsTimeout(
      read_while([&] {
        EXPECT_TRUE(ends.client->SetReadDeadline(absl::UnixEpoch()).ok());
      }).status()));
  EXPECT_TRUE(ends.client->SetReadDeadline(absl::InfiniteFuture()).ok());
  EXPECT_TRUE(IsClosed(
      read_while([&] { EXPECT_TRUE(ends.client->Close().ok()); }).status()));
  ends = Connect();
  EXPECT_TRUE(IsCancelledCall(read_while([&] { stop.Cancel(); }).status()));
}

}  // namespace
}  // namespace plumb
