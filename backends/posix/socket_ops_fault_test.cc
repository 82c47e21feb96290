// What the kernel does seldom: the C library's functions are replaced by some
// that do it. The ids are those of testing/conformance/ids.cc.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/handle_ops.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "backends/posix/socket_ops.h"
#include "backends/posix/socket_pair_for_test.h"
#include "gtest/gtest.h"
#include "transport/ip_addr.h"

namespace {

// What the next calls of each function fail with, instead of being made.
std::vector<int> accept_errors, peer_errors, connect_errors, send_errors;
bool send_nothing = false;           // and say so
bool send_nothing_anywhere = false;  // and say that all was sent
ssize_t swallowed = 0;               // so much of the next, and say so
std::vector<size_t> sent;            // the sizes that sendmsg was given
std::vector<int> closed;             // the descriptors that close was given
bool record_closes = false;
bool interrupt_close = false;

bool Fails(std::vector<int>& errors) {
  if (errors.empty()) return false;
  errno = errors.front();
  errors.erase(errors.begin());
  return true;
}

size_t SizeOf(const msghdr& message) {
  size_t size = 0;
  for (size_t i = 0; i < message.msg_iovlen; ++i) {
    size += message.msg_iov[i].iov_len;
  }
  return size;
}

}  // namespace

extern "C" int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  if (Fails(accept_errors)) return -1;
  return static_cast<int>(syscall(SYS_accept4, fd, address, size, flags));
}

extern "C" int connect(int fd, const sockaddr* address, socklen_t size) {
  if (Fails(connect_errors)) return -1;
  return static_cast<int>(syscall(SYS_connect, fd, address, size));
}

extern "C" int getpeername(int fd, sockaddr* address,
                           socklen_t* size) noexcept {
  if (Fails(peer_errors)) return -1;
  return static_cast<int>(syscall(SYS_getpeername, fd, address, size));
}

extern "C" ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  sent.push_back(SizeOf(*message));
  if (Fails(send_errors)) return -1;
  if (send_nothing) return 0;
  if (swallowed > 0) return std::exchange(swallowed, 0);
  if (send_nothing_anywhere) return static_cast<ssize_t>(sent.back());
  return syscall(SYS_sendmsg, fd, message, flags);
}

extern "C" int close(int fd) {
  if (record_closes) closed.push_back(fd);
  const int result = static_cast<int>(syscall(SYS_close, fd));
  if (!std::exchange(interrupt_close, false)) return result;
  errno = EINTR;
  return -1;
}

namespace plumb {
namespace {

class SocketOpsFaultTest : public testing::Test {
 protected:
  SocketOpsFaultTest() {
    EXPECT_TRUE(BindSocket(listener_.get(),
                           *SockAddr::Ip({IpAddr::LoopbackV4(), 0}, AF_INET))
                    .ok());
    EXPECT_EQ(listen(listener_.get(), 1), 0);
    sent.clear();
    closed.clear();
  }

  const Descriptor listener_ = *MakeSocket(AF_INET, SOCK_STREAM, 0);
  const Descriptor dialler_ = *MakeSocket(AF_INET, SOCK_STREAM, 0);
};

// S-AC-01, S-AC-04
TEST_F(SocketOpsFaultTest, AcceptSkipsWhatWasTornDownInTheQueue) {
  accept_errors = {ECONNABORTED, EINTR, ECONNABORTED};
  AcceptOp none(listener_.get());
  EXPECT_FALSE(none.Attempt());
  EXPECT_TRUE(accept_errors.empty());

  const SockAddr address = *SocketName(listener_.get());
  ASSERT_EQ(fcntl(dialler_.get(), F_SETFL, 0), 0);
  ASSERT_EQ(connect(dialler_.get(), address.get(), address.size()), 0);
  accept_errors = {ECONNABORTED};
  AcceptOp op(listener_.get());
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), 0);
  EXPECT_TRUE(op.TakeDescriptor().is_open());
}

// S-DI-11
TEST_F(SocketOpsFaultTest, AConnectThatOnlySeemsToBeDoneIsWaitedFor) {
  const SockAddr address = *SocketName(listener_.get());
  ConnectOp op(dialler_.get(), address);
  EXPECT_FALSE(op.Attempt());
  peer_errors = {ENOTCONN, ENOTCONN};
  EXPECT_FALSE(op.Attempt());
  EXPECT_FALSE(op.Attempt());
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), 0);
}

// S-SG-03: it goes on in the background, and is not begun again.
TEST_F(SocketOpsFaultTest, AConnectThatIsInterruptedIsWaitedFor) {
  connect_errors = {EINTR, ECONNABORTED};
  const SockAddr address = *SocketName(listener_.get());
  ConnectOp op(dialler_.get(), address);
  EXPECT_FALSE(op.Attempt());
  EXPECT_FALSE(op.Attempt());
  EXPECT_EQ(connect_errors.size(), 1);
  connect_errors.clear();
}

// S-RW-04. Nobody touches the memory, which is not there.
TEST_F(SocketOpsFaultTest, NoCallSendsMoreThanAGibibyte) {
  constexpr size_t kGibibyte = size_t{1} << 30;
  void* const memory = mmap(nullptr, kGibibyte + 1, PROT_READ,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const absl::string_view all(static_cast<char*>(memory), kGibibyte + 1);
  const absl::string_view pieces[] = {all.substr(0, 5), all, all.substr(0, 7)};
  send_nothing_anywhere = true;
  SendOp op(dialler_.get(), pieces);
  EXPECT_TRUE(op.Attempt());
  send_nothing_anywhere = false;
  EXPECT_EQ(op.error(), 0);
  EXPECT_EQ(op.sent(), kGibibyte + 13);
  EXPECT_EQ(sent, (std::vector<size_t>{kGibibyte, 13}));
  munmap(memory, kGibibyte + 1);
}

// V-12: the kernel takes a part, and what is left goes next. The empty piece at
// the end keeps the others in sendmsg(2), as one alone goes another way.
TEST_F(SocketOpsFaultTest, WhatIsLeftOfThePiecesGoesNext) {
  using Pieces = std::vector<absl::string_view>;
  const struct {
    Pieces pieces;
    ssize_t taken;
    const char* rest;
  } kCases[] = {
      {{"foo", "bar", ""}, 0, "foobar"},
      {{"foo", "bar", ""}, 2, "obar"},
      {{"foo", "bar", ""}, 3, "bar"},
      {{"foo", "bar", ""}, 4, "ar"},
      {{"", "", "", "bar", ""}, 1, "ar"},
      {{"", "", "", "foo", ""}, 0, "foo"},
      {{"", "", ""}, 0, ""},
  };
  for (const auto& c : kCases) {
    const SocketPair pair(SOCK_STREAM);
    swallowed = c.taken;
    SendOp op(pair.a.get(), c.pieces);
    EXPECT_TRUE(op.Attempt());
    EXPECT_EQ(op.error(), 0);
    EXPECT_EQ(op.sent(), absl::StrJoin(c.pieces, "").size());
    char got[10];
    const ssize_t n = recv(pair.b.get(), got, sizeof got, 0);
    EXPECT_EQ(std::string(got, n < 0 ? 0 : static_cast<size_t>(n)), c.rest);
  }
}

// S-RW-03: not for ever.
TEST_F(SocketOpsFaultTest, ASendThatSendsNothingFails) {
  const absl::string_view pieces[] = {"a", "b"};
  send_nothing = true;
  SendOp op(dialler_.get(), pieces);
  EXPECT_TRUE(op.Attempt());
  SendHandlesOp with_handles(dialler_.get(), "ab", {});
  EXPECT_TRUE(with_handles.Attempt());
  send_nothing = false;
  for (const SocketOp* each :
       {static_cast<SocketOp*>(&op), static_cast<SocketOp*>(&with_handles)}) {
    EXPECT_EQ(each->error(), EIO);
  }
  EXPECT_EQ(op.sent(), 0);
  EXPECT_EQ(with_handles.sent(), 0);
  EXPECT_EQ(sent, (std::vector<size_t>{2, 2}));
}

// S-UD-09
TEST_F(SocketOpsFaultTest, ADatagramForWhichThereIsNoBufferIsNotSentAgain) {
  const absl::string_view pieces[] = {"a", "b"};
  send_errors = {ENOBUFS, EPIPE};
  SendMessageOp op(dialler_.get(), pieces);
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), ENOBUFS);
  EXPECT_EQ(sent, std::vector<size_t>{2});
  send_errors.clear();
}

// S-SG-03
TEST_F(SocketOpsFaultTest, ASendThatIsInterruptedIsMadeAgain) {
  send_errors = {EINTR, EINTR, EPIPE};
  const absl::string_view pieces[] = {"a", "b"};
  SendOp op(dialler_.get(), pieces);
  EXPECT_TRUE(op.Attempt());
  EXPECT_EQ(op.error(), EPIPE);
  EXPECT_EQ(op.sent(), 0);
  EXPECT_EQ(sent, (std::vector<size_t>{2, 2, 2}));
}

// S-CL-07: the number may be another thread's by then.
TEST_F(SocketOpsFaultTest, ACloseThatIsInterruptedIsNotMadeAgain) {
  Descriptor descriptor = *MakeSocket(AF_INET, SOCK_STREAM, 0);
  const int number = descriptor.get();
  record_closes = interrupt_close = true;
  descriptor.Close();
  record_closes = false;
  EXPECT_FALSE(descriptor.is_open());
  EXPECT_EQ(closed, std::vector<int>{number});
}

}  // namespace
}  // namespace plumb
