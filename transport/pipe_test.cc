#include "transport/pipe.h"

#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/manual_clock.h"
#include "transport/pipe_reads_for_test.h"
#include "transport/scope.h"

namespace plumb {
namespace {

// S-PI-11: each end writes first.
TEST(PipeTest, CarriesBytesBothWays) {
  auto [near, far] = Pipe();
  ASSERT_TRUE(near->Write("ping").ok());
  ASSERT_TRUE(far->Write("pong").ok());
  EXPECT_EQ(ReadSome(*far, 10), "ping");
  EXPECT_EQ(ReadSome(*near, 10), "pong");
}

TEST(PipeTest, MergesAndSplitsWrites) {
  auto [near, far] = Pipe();
  ASSERT_TRUE(near->Write("abc").ok());
  const absl::string_view pieces[] = {"", "de", "", "f"};
  ASSERT_TRUE(near->Write(pieces).ok());
  EXPECT_EQ(ReadSome(*far, 4), "abcd");
  EXPECT_EQ(ReadSome(*far, 4), "ef");
}

// S-AD-07.
TEST(PipeTest, HasGosNameAndAddresses) {
  auto [near, far] = Pipe();
  EXPECT_EQ(near->LocalAddr().network(), "pipe");
  EXPECT_EQ(near->LocalAddr().ToString(), "pipe");
  EXPECT_EQ(far->RemoteAddr(), near->LocalAddr());
}

// S-PI-04, S-PI-10.
TEST(PipeTest, OwnCloseEndsEveryCall) {
  auto [near, far] = Pipe();
  ASSERT_TRUE(near->Close().ok());
  char c;
  const absl::Status read = near->Read(absl::MakeSpan(&c, 1)).status();
  EXPECT_TRUE(IsClosed(read));
  EXPECT_EQ(read.message(), "read pipe: use of closed network connection");
  EXPECT_TRUE(IsClosed(near->Read(absl::Span<char>()).status()));
  EXPECT_TRUE(IsClosed(near->Write("")));
  EXPECT_TRUE(IsClosed(near->WaitReadable()));
  EXPECT_TRUE(IsClosed(near->CloseWrite()));
  EXPECT_EQ(near->SetDeadline(absl::InfiniteFuture()).message(),
            "set pipe: use of closed network connection");
  EXPECT_EQ(near->Close().message(),
            "close pipe: use of closed network connection");
}

// S-PI-05, S-PI-09.
TEST(PipeTest, PeersCloseIsTheEndAfterTheData) {
  auto [near, far] = Pipe();
  ASSERT_TRUE(near->Write("last").ok());
  ASSERT_TRUE(near->Close().ok());
  EXPECT_TRUE(far->SetDeadline(absl::InfiniteFuture()).ok());
  EXPECT_EQ(ReadAll(*far), "last");
  EXPECT_EQ(ReadAll(*far), "");
  const absl::Status write = far->Write("x");
  EXPECT_TRUE(IsBrokenPipe(write));
  EXPECT_EQ(write.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(write.message(), "write pipe: write: broken pipe");
  EXPECT_EQ(GetErrorInfo(write)->errno_value, EPIPE);
}

TEST(PipeTest, CloseWithUnreadDataIsNoReset) {
  auto [near, far] = Pipe();
  ASSERT_TRUE(far->Write("unread").ok());
  ASSERT_TRUE(near->Close().ok());
  EXPECT_EQ(ReadAll(*far), "");
}

// S-PI-10.
TEST(PipeTest, HalfClose) {
  auto [near, far] = Pipe();
  ASSERT_TRUE(near->Write("request").ok());
  ASSERT_TRUE(near->CloseWrite().ok());
  ASSERT_TRUE(near->CloseWrite().ok());
  EXPECT_EQ(ReadAll(*far), "request");
  ASSERT_TRUE(far->Write("answer").ok());
  EXPECT_EQ(ReadSome(*near, 10), "answer");
  const absl::Status write = near->Write("x");
  EXPECT_EQ(write.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(write.message(), "write pipe: write: broken pipe");
}

TEST(PipeTest, CloseReadStopsThePeersWrites) {
  auto [near, far] = Pipe();
  ASSERT_TRUE(far->Write("queued").ok());
  ASSERT_TRUE(Extension<ReadCloser>(*near)->CloseRead().ok());
  EXPECT_TRUE(IsBrokenPipe(far->Write("x")));
  EXPECT_EQ(ReadAll(*near), "queued");
}

TEST(PipeTest, CloseReadEndsABlockedRead) {
  const auto pair = Pipe();
  const std::unique_ptr<Conn>& near = pair.first;
  std::thread reader([&near] { EXPECT_EQ(ReadAll(*near), ""); });
  EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
  EXPECT_TRUE(Extension<ReadCloser>(*near)->CloseRead().ok());
  reader.join();
}

// S-PI-06, S-PI-08.
TEST(PipeTest, FullPipeHoldsTheWriterBack) {
  PipeOptions options;
  options.buffer = 8;
  auto [near, far] = Pipe(options);
  ASSERT_TRUE(near->SetWriteDeadline(absl::Now() + absl::Milliseconds(5)).ok());
  const absl::Status write = near->Write("0123456789");
  EXPECT_TRUE(IsTimeout(write));
  EXPECT_EQ(write.message(), "write pipe: i/o timeout");
  EXPECT_EQ(BytesDone(write), 8u);
  EXPECT_EQ(ReadSome(*far, 100), "01234567");
  ASSERT_TRUE(near->SetWriteDeadline(absl::InfiniteFuture()).ok());
  EXPECT_TRUE(near->Write("89").ok());
  EXPECT_EQ(ReadSome(*far, 100), "89");
}

TEST(PipeTest, LargeDataThroughAnyBuffer) {
  std::string sent;
  for (int i = 0; i < 300000; ++i) sent.push_back(static_cast<char>(i * 7));
  for (size_t size : {size_t{0}, size_t{1}, size_t{7}, size_t{65536}}) {
    SCOPED_TRACE(size);
    PipeOptions options;
    options.buffer = size;
    auto [near, far] = Pipe(options);
    const size_t part = size == 1 ? 3000 : sent.size();
    const std::string data = sent.substr(0, part);
    std::thread writer([&data, conn = std::move(near)] {
      EXPECT_TRUE(conn->Write(data).ok());
    });
    EXPECT_TRUE(ReadAll(*far) == data);
    writer.join();
  }
}

// S-PI-02.
TEST(PipeTest, ConcurrentWritesAreNotMixed) {
  PipeOptions options;
  options.buffer = 3;
  auto [near, far] = Pipe(options);
  Conn& conn = *near;
  std::vector<std::thread> writers;
  for (char c : {'a', 'b', 'c', 'd'}) {
    writers.emplace_back(
        [&conn, c] { EXPECT_TRUE(conn.Write(std::string(50, c)).ok()); });
  }
  std::string all;
  while (all.size() < 200) all += ReadSome(*far, 7);
  for (std::thread& writer : writers) writer.join();
  for (size_t i = 0; i < 200; i += 50) {
    EXPECT_EQ(all.substr(i, 50), std::string(50, all[i]));
  }
}

// S-PI-06.
TEST(PipeTest, DeadlinesOnAnInjectedClock) {
  ManualClock clock;
  PipeOptions options;
  options.clock = &clock;
  auto [near, far] = Pipe(options);
  ASSERT_TRUE(near->SetReadDeadline(clock.TimeNow() + absl::Seconds(3)).ok());
  std::thread reader([&conn = *near] {
    EXPECT_EQ(ReadSome(conn, 1), "read pipe: i/o timeout");
  });
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(3));
  reader.join();
  ASSERT_TRUE(far->Write("kept").ok());
  EXPECT_EQ(ReadSome(*near, 4), "read pipe: i/o timeout");
  ASSERT_TRUE(near->SetReadDeadline(absl::InfiniteFuture()).ok());
  EXPECT_EQ(ReadSome(*near, 4), "kept");
}

// S-PI-07: closed, deadline, the peer's end, data.
TEST(PipeTest, ADeadlineThatHasPassedIsToldBeforeThePeersEnd) {
  auto [near, far] = Pipe();
  ASSERT_TRUE(far->Write("data").ok());
  ASSERT_TRUE(far->Close().ok());
  ASSERT_TRUE(near->SetDeadline(absl::Time()).ok());
  EXPECT_EQ(ReadSome(*near, 4), "read pipe: i/o timeout");
  EXPECT_EQ(near->Write("x").message(), "write pipe: i/o timeout");
  ASSERT_TRUE(near->SetDeadline(absl::InfiniteFuture()).ok());
  EXPECT_EQ(ReadSome(*near, 4), "data");
  EXPECT_EQ(ReadSome(*near, 4), "EOF");
  EXPECT_TRUE(IsBrokenPipe(near->Write("x")));
  ASSERT_TRUE(near->SetDeadline(absl::Time()).ok());
  ASSERT_TRUE(near->Close().ok());
  EXPECT_EQ(ReadSome(*near, 4), "read pipe: use of closed network connection");
}

TEST(PipeTest, NothingIsReadIntoABufferAfterAPastDeadline) {
  for (int i = 0; i < 200; ++i) {
    auto [near, far] = Pipe();
    std::thread reader([&conn = *near] {
      EXPECT_EQ(ReadSome(conn, 10), "read pipe: i/o timeout");
    });
    EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
    ASSERT_TRUE(near->SetReadDeadline(absl::Time()).ok());
    ASSERT_TRUE(far->Write("late").ok());
    reader.join();
    ASSERT_TRUE(near->SetReadDeadline(absl::InfiniteFuture()).ok());
    EXPECT_EQ(ReadSome(*near, 10), "late");
  }
}

TEST(PipeTest, NothingIsReadIntoABufferAfterACancel) {
  for (int i = 0; i < 200; ++i) {
    auto [near, far] = Pipe();
    CancelSource source;
    std::thread reader([&conn = *near, source] {
      const CancelScope scope(source);
      EXPECT_EQ(ReadSome(conn, 10), "read pipe: operation was canceled");
    });
    EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
    source.Cancel();
    ASSERT_TRUE(far->Write("late").ok());
    reader.join();
    EXPECT_EQ(ReadSome(*near, 10), "late");
  }
}

TEST(PipeTest, ReadersGetBytesInTheOrderOfAsking) {
  for (int i = 0; i < 100; ++i) {
    auto [near, far] = Pipe();
    std::vector<std::thread> readers;
    for (int j = 0; j < 3; ++j) {
      readers.emplace_back([&conn = *near, j] {
        EXPECT_EQ(ReadSome(conn, 1), std::string(1, "abc"[j]));
      });
      EXPECT_TRUE(WaitUntilBlocked(*near, j + 1, Direction::kRead));
    }
    ASSERT_TRUE(far->Write("abc").ok());
    for (std::thread& reader : readers) reader.join();
  }
}

TEST(PipeTest, WaitReadableWaitsForItsTurnBehindARead) {
  auto [near, far] = Pipe();
  std::thread reader(
      [&conn = *near] { EXPECT_EQ(ReadSome(conn, 10), "first"); });
  EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
  std::thread waiter(
      [&conn = *near] { EXPECT_TRUE(conn.WaitReadable().ok()); });
  EXPECT_TRUE(WaitUntilBlocked(*near, 2, Direction::kRead));
  ASSERT_TRUE(far->Write("first").ok());
  reader.join();
  EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
  ASSERT_TRUE(far->Write("second").ok());
  waiter.join();
  EXPECT_EQ(ReadSome(*near, 10), "second");
}

TEST(PipeTest, AReadIsWokenAfterAWaitThatTimedOut) {
  auto [near, far] = Pipe();
  {
    const DeadlineScope scope(absl::Milliseconds(1));
    EXPECT_TRUE(IsTimeout(near->WaitReadable()));
  }
  std::thread reader([&conn = *near] { EXPECT_EQ(ReadSome(conn, 10), "x"); });
  EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
  ASSERT_TRUE(far->Write("x").ok());
  reader.join();
}

TEST(PipeTest, ABlockedReadLearnsOfADeadlineThatIsMoved) {
  ManualClock clock;
  PipeOptions options;
  options.clock = &clock;
  auto [near, far] = Pipe(options);
  std::thread reader([&conn = *near] {
    EXPECT_EQ(ReadSome(conn, 10), "read pipe: i/o timeout");
  });
  EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
  ASSERT_TRUE(near->SetReadDeadline(clock.TimeNow() + absl::Seconds(1)).ok());
  clock.AwaitAlarms(1);
  clock.Advance(absl::Seconds(1));
  reader.join();
}

TEST(PipeTest, WaitReadableConsumesNothing) {
  for (size_t buffer : {size_t{0}, size_t{100}}) {
    PipeOptions options;
    options.buffer = buffer;
    auto [near, far] = Pipe(options);
    std::thread reader([&conn = *near] {
      EXPECT_TRUE(conn.WaitReadable().ok());
      EXPECT_TRUE(conn.WaitReadable().ok());
      EXPECT_EQ(ReadSome(conn, 10), "data");
      EXPECT_TRUE(conn.WaitReadable().ok());
    });
    EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
    EXPECT_TRUE(far->Write("data").ok());
    EXPECT_TRUE(far->CloseWrite().ok());
    reader.join();
  }
}

TEST(PipeTest, AScopeEndsABlockedRead) {
  auto [near, far] = Pipe();
  CancelSource source;
  std::thread reader([&conn = *near, source] {
    CancelScope scope(source);
    char c;
    EXPECT_TRUE(IsCancelledCall(conn.Read(absl::MakeSpan(&c, 1)).status()));
  });
  EXPECT_TRUE(WaitUntilBlocked(*near, 1, Direction::kRead));
  source.Cancel();
  reader.join();
  ASSERT_TRUE(far->Write("x").ok());
  EXPECT_EQ(ReadSome(*near, 1), "x");
}

}  // namespace
}  // namespace plumb
