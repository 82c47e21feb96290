// What holds of a Pipe without a buffer, whose Writes wait until all is read.
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/manual_clock.h"
#include "transport/pipe.h"
#include "transport/pipe_reads_for_test.h"

namespace plumb {
namespace {

using Ends = std::pair<std::unique_ptr<Conn>, std::unique_ptr<Conn>>;

Ends Rendezvous() {
  PipeOptions options;
  options.buffer = 0;
  return Pipe(options);
}

TEST(PipeTest, DestroyedWhileOthersAreBlockedInIt) {
  for (int i = 0; i < 100; ++i) {
    auto [near, far] = Rendezvous();
    Conn* const conn = near.get();
    std::vector<std::thread> blocked;
    for (int j = 0; j < 2; ++j) {
      blocked.emplace_back([conn] {
        EXPECT_EQ(ReadSome(*conn, 10),
                  "read pipe: use of closed network connection");
      });
      blocked.emplace_back(
          [conn] { EXPECT_TRUE(IsClosed(conn->Write("data"))); });
    }
    EXPECT_TRUE(WaitUntilBlocked(*near, 2, Direction::kRead));
    EXPECT_TRUE(WaitUntilBlocked(*near, 2, Direction::kWrite));
    near.reset();
    EXPECT_TRUE(IsBrokenPipe(far->Write("x")));
    EXPECT_EQ(ReadAll(*far), "");
    for (std::thread& thread : blocked) thread.join();
  }
}

// S-PI-01.
TEST(PipeTest, RendezvousWriteEndsWhenAllIsRead) {
  auto [near, far] = Rendezvous();
  Event written;
  std::thread writer([&written, &conn = *near] {
    EXPECT_TRUE(conn.Write("abcdef").ok());
    written.Notify();
  });
  EXPECT_EQ(ReadSome(*far, 4), "abcd");
  EXPECT_FALSE(written.HasBeenNotified());
  EXPECT_EQ(ReadSome(*far, 4), "ef");
  writer.join();
}

TEST(PipeTest, RendezvousIntoABlockedRead) {
  auto [near, far] = Rendezvous();
  std::thread reader([&conn = *far] {
    EXPECT_EQ(ReadSome(conn, 3), "abc");
    EXPECT_EQ(ReadSome(conn, 3), "de");
  });
  EXPECT_TRUE(WaitUntilBlocked(*far, 1, Direction::kRead));
  EXPECT_TRUE(near->Write("abcde").ok());
  reader.join();
}

// S-PI-08.
TEST(PipeTest, RendezvousWriteCutByADeadlineTellsHowFar) {
  ManualClock clock;
  PipeOptions options;
  options.buffer = 0;
  options.clock = &clock;
  auto [near, far] = Pipe(options);
  ASSERT_TRUE(near->SetWriteDeadline(clock.TimeNow() + absl::Seconds(1)).ok());
  std::thread writer([&conn = *near] {
    const absl::Status status = conn.Write("abcdef");
    EXPECT_TRUE(IsTimeout(status));
    EXPECT_EQ(BytesDone(status), 4u);
  });
  EXPECT_EQ(ReadSome(*far, 4), "abcd");
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(1));
  writer.join();
  ASSERT_TRUE(near->CloseWrite().ok());
  EXPECT_EQ(ReadAll(*far), "");
}

// S-PI-08.
TEST(PipeTest, RendezvousWriteCutByThePeersClose) {
  auto [near, far] = Rendezvous();
  std::thread writer([&conn = *near] {
    const absl::Status status = conn.Write("abcdef");
    EXPECT_TRUE(IsBrokenPipe(status));
    EXPECT_EQ(BytesDone(status), 2u);
  });
  EXPECT_EQ(ReadSome(*far, 2), "ab");
  EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kWrite));
  EXPECT_TRUE(far->Close().ok());
  writer.join();
}

// S-PI-03.
TEST(PipeTest, EmptyReadsAndWritesReturnAtOnce) {
  auto [near, far] = Rendezvous();
  EXPECT_TRUE(near->Write("").ok());
  EXPECT_TRUE(near->Write(absl::Span<const absl::string_view>()).ok());
  EXPECT_EQ(near->Read(absl::Span<char>()).value(), 0u);
  ASSERT_TRUE(near->SetDeadline(absl::Time()).ok());
  EXPECT_TRUE(IsTimeout(near->Write("")));
  EXPECT_EQ(near->Read(absl::Span<char>()).value(), 0u);
}

}  // namespace
}  // namespace plumb
