#include "backends/posix/stream_conn.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "backends/posix/socket.h"
#include "backends/posix/socket_pair_for_test.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "testing/wait_until_blocked.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/manual_clock.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

class StreamConnTest : public testing::Test {
 protected:
  ~StreamConnTest() override {
    conn_.reset();
    peer_.Close();
    EXPECT_EQ(OpenDescriptors(), before_);
  }

  const OpenDescriptors before_;
  ManualClock clock_;
  SocketPair pair_{SOCK_STREAM};
  Descriptor& peer_ = pair_.b;
  std::unique_ptr<StreamConn> conn_ = std::make_unique<StreamConn>(
      clock_, std::move(pair_.a), SocketPair::Names());
  char buffer_[64];
};

TEST_F(StreamConnTest, ReadsAndWrites) {
  ASSERT_TRUE(conn_->Write("hello").ok());
  EXPECT_EQ(read(peer_.get(), buffer_, sizeof buffer_), 5);
  ASSERT_EQ(write(peer_.get(), "abc", 3), 3);
  EXPECT_EQ(*conn_->Read(absl::MakeSpan(buffer_)), 3u);
  EXPECT_EQ(absl::string_view(buffer_, 3), "abc");
}

// The first Read gets less than it has room for, so that the second one waits
// before it tries.
TEST_F(StreamConnTest, DataThatIsThereAfterAShortReadIsRead) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(write(peer_.get(), "ab", 2), 2);
    EXPECT_EQ(*conn_->Read(absl::MakeSpan(buffer_)), 2u);
  }
  peer_.Close();
  EXPECT_TRUE(IsEof(conn_->Read(absl::MakeSpan(buffer_)).status()));
  EXPECT_TRUE(IsEof(conn_->Read(absl::MakeSpan(buffer_)).status()));
}

TEST_F(StreamConnTest, APeekBetweenShortReadsLosesNoWakeUp) {
  auto* peeker = Extension<Peeker>(*conn_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(write(peer_.get(), "ab", 2), 2);
    EXPECT_EQ(*peeker->Peek(absl::MakeSpan(buffer_)), 2u);
    EXPECT_EQ(*peeker->Peek(absl::MakeSpan(buffer_, 1)), 1u);
    EXPECT_EQ(*conn_->Read(absl::MakeSpan(buffer_)), 2u);
  }
}

TEST_F(StreamConnTest, BlockedReadGetsWhatComes) {
  std::thread writer([this] {
    EXPECT_TRUE(WaitUntilBlocked(*conn_, 1, Direction::kRead));
    ASSERT_EQ(write(peer_.get(), "x", 1), 1);
  });
  EXPECT_EQ(*conn_->Read(absl::MakeSpan(buffer_)), 1u);
  writer.join();
}

TEST_F(StreamConnTest, EmptyReadTakesNoNotice) {
  conn_->SetDeadline(absl::InfinitePast()).IgnoreError();
  EXPECT_EQ(*conn_->Read({}), 0u);
  EXPECT_TRUE(conn_->Close().ok());
  ExpectError(conn_->Read({}).status(), Code::kCancelled,
              "read unix @->@: use of closed network connection");
}

TEST_F(StreamConnTest, WriteTellsHowFarItGot) {
  const std::string big(4 << 20, 'x');
  absl::Status status;
  std::thread writer([&] { status = conn_->Write(big); });
  EXPECT_TRUE(WaitUntilBlocked(*conn_, 1, Direction::kWrite));
  ASSERT_TRUE(conn_->SetWriteDeadline(clock_.TimeNow()).ok());
  writer.join();
  ExpectError(status, Code::kDeadlineExceeded, "write unix @->@: i/o timeout");
  EXPECT_GT(BytesDone(status), 0u);
  EXPECT_LT(BytesDone(status), big.size());
}

TEST_F(StreamConnTest, WriteAfterOwnCloseWrite) {
  ASSERT_TRUE(conn_->CloseWrite().ok());
  ASSERT_TRUE(conn_->CloseWrite().ok());
  const absl::Status status = conn_->Write("x");
  ExpectError(status, Code::kFailedPrecondition,
              "write unix @->@: write: broken pipe");
  EXPECT_TRUE(IsBrokenPipe(status));
  EXPECT_EQ(GetErrorInfo(status)->errno_value, EPIPE);
  EXPECT_EQ(read(peer_.get(), buffer_, sizeof buffer_), 0);
}

TEST_F(StreamConnTest, WriteAfterACloseWriteThatFailed) {
  StreamConn conn(clock_, *MakeSocket(AF_INET, SOCK_STREAM, 0),
                  std::make_shared<CallNames>());
  ExpectError(conn.CloseWrite(), Code::kFailedPrecondition,
              "close: shutdown: transport endpoint is not connected");
  ExpectError(conn.Write("x"), Code::kUnavailable, "write: write: broken pipe");
}

TEST_F(StreamConnTest, CloseWriteEndsABlockedWriteAsOnesOwnDoing) {
  absl::Status status;
  std::thread writer([&] { status = conn_->Write(std::string(4 << 20, 'x')); });
  EXPECT_TRUE(WaitUntilBlocked(*conn_, 1, Direction::kWrite));
  ASSERT_TRUE(conn_->CloseWrite().ok());
  writer.join();
  ExpectError(status, Code::kFailedPrecondition,
              "write unix @->@: write: broken pipe");
  EXPECT_GT(BytesDone(status), 0u);
}

TEST_F(StreamConnTest, WriteToAPeerThatIsGone) {
  peer_.Close();
  const absl::Status status = conn_->Write("x");
  ExpectError(status, Code::kUnavailable,
              "write unix @->@: write: broken pipe");
  EXPECT_TRUE(IsBrokenPipe(status));
}

TEST_F(StreamConnTest, WritingNothingSucceedsWithinTheDeadline) {
  EXPECT_TRUE(conn_->Write("").ok());
  EXPECT_TRUE(conn_->Write(absl::Span<const absl::string_view>()).ok());
  conn_->SetWriteDeadline(clock_.TimeNow()).IgnoreError();
  ExpectError(conn_->Write(""), Code::kDeadlineExceeded,
              "write unix @->@: i/o timeout");
}

TEST_F(StreamConnTest, WaitReadableConsumesNothing) {
  ASSERT_EQ(write(peer_.get(), "x", 1), 1);
  EXPECT_TRUE(conn_->WaitReadable().ok());
  EXPECT_EQ(*conn_->Read(absl::MakeSpan(buffer_)), 1u);
  peer_.Close();
  EXPECT_TRUE(conn_->WaitReadable().ok());
}

TEST_F(StreamConnTest, CloseReadEndsABlockedRead) {
  absl::Status status;
  std::thread reader(
      [&] { status = conn_->Read(absl::MakeSpan(buffer_)).status(); });
  EXPECT_TRUE(WaitUntilBlocked(*conn_, 1, Direction::kRead));
  ASSERT_TRUE(Extension<ReadCloser>(*conn_)->CloseRead().ok());
  reader.join();
  EXPECT_TRUE(IsEof(status));
  ExpectError(status, Code::kOutOfRange, "EOF");
}

TEST_F(StreamConnTest, CloseEndsEverything) {
  absl::Status status;
  std::thread reader(
      [&] { status = conn_->Read(absl::MakeSpan(buffer_)).status(); });
  EXPECT_TRUE(WaitUntilBlocked(*conn_, 1, Direction::kRead));
  EXPECT_TRUE(conn_->Close().ok());
  reader.join();
  ExpectError(status, Code::kCancelled,
              "read unix @->@: use of closed network connection");
  ExpectError(conn_->Close(), Code::kCancelled,
              "close unix @->@: use of closed network connection");
  ExpectError(conn_->Write("x"), Code::kCancelled,
              "write unix @->@: use of closed network connection");
  ExpectError(conn_->WaitReadable(), Code::kCancelled,
              "read unix @->@: use of closed network connection");
  ExpectError(conn_->CloseWrite(), Code::kCancelled,
              "close unix @->@: use of closed network connection");
  ExpectError(conn_->CloseRead(), Code::kCancelled,
              "close unix @->@: use of closed network connection");
  ExpectError(conn_->SetDeadline(clock_.TimeNow()), Code::kCancelled,
              "set unix @: use of closed network connection");
  ExpectError(Extension<BufferControl>(*conn_)->SetReadBuffer(1),
              Code::kCancelled, "set unix @: use of closed network connection");
  EXPECT_EQ(conn_->LocalAddr().ToString(), "@");
  EXPECT_EQ(conn_->RemoteAddr().ToString(), "@");
}

TEST_F(StreamConnTest, DestructionEndsBlockedCalls) {
  absl::Status status;
  StreamConn& conn = *conn_;
  std::thread reader(
      [&] { status = conn.Read(absl::MakeSpan(buffer_)).status(); });
  EXPECT_TRUE(WaitUntilBlocked(conn, 1, Direction::kRead));
  conn_.reset();
  reader.join();
  EXPECT_TRUE(IsClosed(status));
}

TEST_F(StreamConnTest, NativeHandleUntilClose) {
  auto* handle = Extension<NativeHandle>(*conn_);
  EXPECT_GE(handle->Descriptor(), 0);
  conn_->Close().IgnoreError();
  EXPECT_EQ(handle->Descriptor(), -1);
}

TEST_F(StreamConnTest, Buffers) {
  auto* buffers = Extension<BufferControl>(*conn_);
  ExpectError(buffers->SetReadBuffer(10000), Code::kUnimplemented,
              "set unix @: read buffer not supported");
  ASSERT_TRUE(buffers->SetWriteBuffer(20000).ok());
  const int fd = Extension<NativeHandle>(*conn_)->Descriptor();
  EXPECT_EQ(*GetIntOption(fd, SOL_SOCKET, SO_SNDBUF), 40000);
}

TEST_F(StreamConnTest, NoOtherExtensions) {
  EXPECT_EQ(Extension<TcpControl>(*conn_), nullptr);
  EXPECT_EQ(Extension<MessageTraits>(*conn_), nullptr);
}

}  // namespace
}  // namespace plumb
