#include "backends/posix/message_conn.h"

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/socket_pair_for_test.h"
#include "gtest/gtest.h"
#include "testing/wait_until_blocked.h"
#include "transport/clock.h"
#include "transport/error.h"
#include "transport/extensions.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

class Messages {
 public:
  explicit Messages(int type)
      : pair_(type),
        conn_(Clock::Real(), std::move(pair_.a), SocketPair::Names(),
              Kind(type)) {}

  MessageConn& conn() { return conn_; }
  int peer() const { return pair_.b.get(); }
  void ClosePeer() { pair_.b.Close(); }

 private:
  static MessageKind Kind(int type) {
    MessageKind kind;
    kind.has_end = type == SOCK_SEQPACKET;
    return kind;
  }

  SocketPair pair_;
  MessageConn conn_;
};

TEST(MessageConn, PiecesAreOneMessage) {
  Messages messages(SOCK_DGRAM);
  const std::vector<absl::string_view> pieces = {"ab", "", "c"};
  ASSERT_TRUE(messages.conn().Write(pieces).ok());
  char buffer[8];
  EXPECT_EQ(read(messages.peer(), buffer, sizeof buffer), 3);
}

TEST(MessageConn, EmptyMessageOfDatagrams) {
  Messages messages(SOCK_DGRAM);
  ASSERT_TRUE(messages.conn().Write("").ok());
  char buffer[8];
  EXPECT_EQ(recv(messages.peer(), buffer, sizeof buffer, MSG_DONTWAIT), 0);
  ASSERT_EQ(send(messages.peer(), "", 0, 0), 0);
  EXPECT_EQ(*messages.conn().Read(absl::MakeSpan(buffer)), 0u);
  EXPECT_TRUE(Extension<MessageTraits>(messages.conn())->EmptyMessages());
}

// S-EOF-04.
TEST(MessageConn, EmptyMessageOfAConnectionIsItsEnd) {
  Messages messages(SOCK_SEQPACKET);
  ASSERT_EQ(send(messages.peer(), "", 0, 0), 0);
  char buffer[8];
  EXPECT_TRUE(IsEof(messages.conn().Read(absl::MakeSpan(buffer)).status()));
  EXPECT_FALSE(Extension<MessageTraits>(messages.conn())->EmptyMessages());
}

TEST(MessageConn, CutMessage) {
  for (int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    Messages messages(type);
    ASSERT_EQ(send(messages.peer(), "abcdef", 6, 0), 6);
    ASSERT_EQ(send(messages.peer(), "gh", 2, 0), 2);
    char buffer[4] = {};
    const absl::Status status =
        messages.conn().Read(absl::MakeSpan(buffer)).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_EQ(status.message(), "read unix @->@: read: message too long");
    EXPECT_EQ(BytesDone(status), 6u);
    EXPECT_EQ(absl::string_view(buffer, 4), "abcd");
    EXPECT_EQ(*messages.conn().Read(absl::MakeSpan(buffer)), 2u);
  }
}

TEST(MessageConn, MessageTooLong) {
  Messages messages(SOCK_DGRAM);
  auto* traits = Extension<MessageTraits>(messages.conn());
  const size_t limit = traits->MaxMessageSize();
  ASSERT_GT(limit, 0u);
  const absl::Status status =
      messages.conn().Write(std::string(limit + 1, 'x'));
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(), "write unix @->@: write: message too long");
  EXPECT_EQ(BytesDone(status), 0u);
  EXPECT_TRUE(messages.conn().Write(std::string(limit, 'x')).ok());
}

TEST(MessageConn, OnlyAConnectionHasAnEnd) {
  Messages datagrams(SOCK_DGRAM);
  const absl::Status status = datagrams.conn().CloseWrite();
  EXPECT_EQ(status.code(), Code::kUnimplemented);
  EXPECT_EQ(status.message(), "close unix @->@: CloseWrite not supported");
  EXPECT_TRUE(IsUnsupported(status));
  EXPECT_EQ(Extension<ReadCloser>(datagrams.conn()), nullptr);

  Messages packets(SOCK_SEQPACKET);
  ASSERT_TRUE(packets.conn().CloseWrite().ok());
  char buffer[4];
  EXPECT_EQ(read(packets.peer(), buffer, sizeof buffer), 0);
  const absl::Status write = packets.conn().Write("x");
  EXPECT_EQ(write.code(), Code::kFailedPrecondition);
  EXPECT_EQ(write.message(), "write unix @->@: write: broken pipe");
  ASSERT_TRUE(Extension<ReadCloser>(packets.conn())->CloseRead().ok());
  EXPECT_TRUE(IsEof(packets.conn().Read(absl::MakeSpan(buffer)).status()));
}

TEST(MessageConn, FullPeerMakesItWait) {
  Messages messages(SOCK_DGRAM);
  std::thread reader([&] {
    EXPECT_TRUE(WaitUntilBlocked(messages.conn(), 1, Direction::kWrite));
    char buffer[4];
    ASSERT_EQ(read(messages.peer(), buffer, sizeof buffer), 1);
    messages.conn().SetWriteDeadline(absl::InfinitePast()).IgnoreError();
  });
  absl::Status status;
  while (status.ok()) status = messages.conn().Write("x");
  reader.join();
  EXPECT_EQ(status.code(), Code::kDeadlineExceeded);
  EXPECT_EQ(status.message(), "write unix @->@: i/o timeout");
}

TEST(MessageConn, EmptyReadConsumesNothing) {
  Messages messages(SOCK_DGRAM);
  ASSERT_EQ(send(messages.peer(), "a", 1, 0), 1);
  EXPECT_EQ(*messages.conn().Read({}), 0u);
  EXPECT_TRUE(messages.conn().WaitReadable().ok());
  char buffer[4];
  EXPECT_EQ(*messages.conn().Read(absl::MakeSpan(buffer)), 1u);
}

TEST(MessageConn, APeekTellsTheSizeAndLosesNothing) {
  Messages messages(SOCK_DGRAM);
  ASSERT_EQ(send(messages.peer(), "four", 4, 0), 4);
  auto* peeker = Extension<Peeker>(messages.conn());
  char buffer[4];
  const absl::Status status = peeker->Peek(absl::MakeSpan(buffer, 2)).status();
  EXPECT_EQ(status.code(), Code::kInvalidArgument);
  EXPECT_EQ(status.message(), "read unix @->@: read: message too long");
  EXPECT_EQ(BytesDone(status), 4u);
  EXPECT_EQ(*peeker->Peek(absl::MakeSpan(buffer)), 4u);
  EXPECT_EQ(*messages.conn().Read(absl::MakeSpan(buffer)), 4u);
}

TEST(MessageConn, AfterClose) {
  Messages messages(SOCK_SEQPACKET);
  MessageConn& conn = messages.conn();
  EXPECT_TRUE(conn.Close().ok());
  char buffer[4];
  for (const absl::Status& status :
       {conn.Read({}).status(), conn.Read(absl::MakeSpan(buffer)).status(),
        conn.Peek({}).status(), conn.Peek(absl::MakeSpan(buffer)).status(),
        conn.Write("x"), conn.WaitReadable(), conn.CloseWrite(),
        conn.CloseRead(), conn.Close(),
        conn.SetDeadline(absl::InfiniteFuture())}) {
    EXPECT_TRUE(IsClosed(status)) << status;
  }
}

}  // namespace
}  // namespace plumb
