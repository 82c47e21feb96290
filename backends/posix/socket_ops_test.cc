#include "backends/posix/socket_ops.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/batch_ops.h"
#include "backends/posix/handle_ops.h"
#include "backends/posix/socket.h"
#include "backends/posix/socket_pair_for_test.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

using Pair = SocketPair;

std::string Drain(int fd, size_t size) {
  std::string all;
  std::vector<char> buffer(1 << 16);
  while (all.size() < size) {
    ReceiveOp op(fd, absl::MakeSpan(buffer));
    if (!op.Attempt() || op.size() == 0) break;
    all.append(buffer.data(), op.size());
  }
  return all;
}

TEST(ReceiveOp, WaitsThenTakesWhatIsThere) {
  const Pair pair(SOCK_STREAM);
  char buffer[8];
  ReceiveOp op(pair.a.get(), absl::MakeSpan(buffer));
  EXPECT_EQ(op.descriptor(), pair.a.get());
  EXPECT_EQ(op.direction(), Direction::kRead);
  EXPECT_FALSE(op.Attempt());
  ASSERT_EQ(write(pair.b.get(), "abc", 3), 3);
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), 0);
  EXPECT_EQ(absl::string_view(buffer, op.size()), "abc");
}

TEST(ReceiveOp, EndOfStreamIsNoBytes) {
  Pair pair(SOCK_STREAM);
  pair.b.Close();
  char buffer[8];
  ReceiveOp op(pair.a.get(), absl::MakeSpan(buffer));
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), 0);
  EXPECT_EQ(op.size(), 0u);
}

TEST(ReceiveOp, KeepsTheErrno) {
  char buffer[8];
  ReceiveOp op(-1, absl::MakeSpan(buffer));
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), EBADF);
}

TEST(SendOp, NothingIsDoneAtOnce) {
  SendOp none(-1, {});
  EXPECT_TRUE(none.Attempt());
  EXPECT_EQ(none.error(), 0);
  const std::vector<absl::string_view> empty(3);
  SendOp op(-1, empty);
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), 0);
  EXPECT_EQ(op.sent(), 0u);
}

TEST(SendOp, SkipsEmptyPieces) {
  const Pair pair(SOCK_STREAM);
  const std::vector<absl::string_view> pieces = {"", "ab", "", "c", ""};
  SendOp op(pair.a.get(), pieces);
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.sent(), 3u);
  EXPECT_EQ(Drain(pair.b.get(), 3), "abc");
}

// S-CP-11.
TEST(SendOp, MorePiecesThanOneCallTakes) {
  const Pair pair(SOCK_STREAM);
  std::vector<std::string> texts;
  std::string all;
  for (int i = 0; i < 2500; ++i) {
    texts.push_back(std::to_string(i));
    all += texts.back();
  }
  const std::vector<absl::string_view> pieces(texts.begin(), texts.end());
  SendOp op(pair.a.get(), pieces);
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.sent(), all.size());
  EXPECT_EQ(Drain(pair.b.get(), all.size()), all);
}

TEST(SendOp, GoesOnWhereItStopped) {
  const Pair pair(SOCK_STREAM);
  const std::string first(700000, 'x');
  const std::string second(700000, 'y');
  const std::vector<absl::string_view> pieces = {first, second};
  SendOp op(pair.a.get(), pieces);
  std::string got;
  while (!op.Attempt()) {
    EXPECT_LT(op.sent(), first.size() + second.size());
    got += Drain(pair.b.get(), op.sent() - got.size());
  }
  EXPECT_EQ(op.error(), 0);
  got += Drain(pair.b.get(), op.sent() - got.size());
  EXPECT_EQ(got, first + second);
}

// S-SG-01: one would end this test.
TEST(SendOp, RaisesNoSignal) {
  ASSERT_EQ(signal(SIGPIPE, SIG_DFL), SIG_DFL);
  for (int count : {1, 2}) {
    Pair pair(SOCK_STREAM);
    pair.b.Close();
    const std::vector<absl::string_view> pieces(count, "x");
    SendOp op(pair.a.get(), pieces);
    EXPECT_TRUE(op.Attempt());
    EXPECT_EQ(op.error(), EPIPE);
  }
  Pair packets(SOCK_SEQPACKET);
  packets.b.Close();
  const absl::string_view piece = "x";
  SendMessageOp op(packets.a.get(), absl::MakeConstSpan(&piece, 1));
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), EPIPE);
  MessageBatch batch;
  batch.Resize(2);
  char data[] = "x";
  for (size_t i = 0; i < 2; ++i) batch.SetData(i, data, 1);
  SendBatchOp both(packets.a.get(), batch);
  EXPECT_TRUE(both.Attempt());
  EXPECT_EQ(both.error(), EPIPE);
}

// S-SG-01: the same.
TEST(SendHandlesOp, RaisesNoSignal) {
  ASSERT_EQ(signal(SIGPIPE, SIG_DFL), SIG_DFL);
  for (const bool handles : {false, true}) {
    Pair pair(SOCK_STREAM);
    pair.b.Close();
    std::vector<int> fds;
    if (handles) fds.push_back(pair.a.get());
    SendHandlesOp op(pair.a.get(), "x", fds);
    EXPECT_TRUE(op.Attempt());
    EXPECT_EQ(op.error(), EPIPE);
  }
  // What is left of one that has begun.
  Pair pair(SOCK_STREAM);
  const std::string more_than_fits(4 << 20, 'x');
  SendHandlesOp op(pair.a.get(), more_than_fits, {});
  EXPECT_FALSE(op.Attempt());
  EXPECT_GT(op.sent(), 0u);
  pair.b.Close();
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), EPIPE);
}

TEST(MessageOps, OneMessageOfManyPieces) {
  const Pair pair(SOCK_DGRAM);
  for (size_t count : {size_t{0}, size_t{3}, size_t{1500}}) {
    const std::vector<absl::string_view> pieces(count, "ab");
    SendMessageOp send(pair.a.get(), pieces);
    EXPECT_TRUE(send.Attempt());
    EXPECT_EQ(send.error(), 0);
    std::vector<char> buffer(4000);
    ReceiveMessageOp receive(pair.b.get(), absl::MakeSpan(buffer));
    EXPECT_TRUE(receive.Attempt());
    EXPECT_EQ(receive.size(), 2 * count);
    EXPECT_EQ(receive.full_size(), 2 * count);
  }
}

TEST(MessageOps, CutMessageTellsItsSize) {
  for (int type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
    const Pair pair(type);
    ASSERT_EQ(write(pair.a.get(), "abcdef", 6), 6);
    char buffer[4];
    ReceiveMessageOp op(pair.b.get(), absl::MakeSpan(buffer));
    EXPECT_TRUE(op.Attempt());
    EXPECT_EQ(absl::string_view(buffer, op.size()), "abcd");
    EXPECT_EQ(op.full_size(), 6u);
  }
}

TEST(MessageOps, ToAndFrom) {
  const SockAddr loopback = *SockAddr::Ip({IpAddr::LoopbackV4(), 0}, AF_INET);
  const Descriptor a = *MakeSocket(AF_INET, SOCK_DGRAM, 0);
  const Descriptor b = *MakeSocket(AF_INET, SOCK_DGRAM, 0);
  ASSERT_TRUE(BindSocket(a.get(), loopback).ok());
  ASSERT_TRUE(BindSocket(b.get(), loopback).ok());
  const SockAddr to = *SocketName(b.get());
  const absl::string_view data = "hi";
  SendMessageOp send(a.get(), absl::MakeConstSpan(&data, 1), &to);
  EXPECT_TRUE(send.Attempt());
  EXPECT_EQ(send.error(), 0);
  char buffer[4];
  SockAddr from;
  ReceiveMessageOp receive(b.get(), absl::MakeSpan(buffer), &from);
  EXPECT_TRUE(receive.Attempt());
  EXPECT_EQ(from.ToAddr("udp"), SocketName(a.get())->ToAddr("udp"));
}

TEST(AcceptOp, TakesAConnection) {
  const Descriptor listener = *MakeSocket(AF_INET, SOCK_STREAM, 0);
  ASSERT_TRUE(BindSocket(listener.get(),
                         *SockAddr::Ip({IpAddr::LoopbackV4(), 0}, AF_INET))
                  .ok());
  ASSERT_TRUE(ListenSocket(listener.get(), 1).ok());
  AcceptOp accept(listener.get());
  EXPECT_FALSE(accept.Attempt());
  const Descriptor client = *MakeSocket(AF_INET, SOCK_STREAM, 0);
  const SockAddr to = *SocketName(listener.get());
  ConnectOp connect(client.get(), to);
  while (!connect.Attempt()) {
  }
  EXPECT_EQ(connect.error(), 0);
  EXPECT_TRUE(accept.Attempt());
  EXPECT_EQ(accept.error(), 0);
  EXPECT_EQ(accept.peer().ToAddr("tcp"),
            SocketName(client.get())->ToAddr("tcp"));
  const Descriptor accepted = accept.TakeDescriptor();
  ASSERT_TRUE(accepted.is_open());
  EXPECT_NE(fcntl(accepted.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(accepted.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(ReadableOp, ConsumesNothing) {
  const Pair pair(SOCK_STREAM);
  ReadableOp op(pair.a.get());
  EXPECT_FALSE(op.Attempt());
  ASSERT_EQ(write(pair.b.get(), "x", 1), 1);
  EXPECT_TRUE(op.Attempt());
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(Drain(pair.a.get(), 1), "x");
  EXPECT_FALSE(op.Attempt());
}

}  // namespace
}  // namespace plumb
