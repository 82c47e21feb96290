// Descriptors that go along with bytes: what the conformance suites cannot see,
// as it is about the system's tables.

#include <fcntl.h>
#include <sys/resource.h>
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
#include "absl/types/span.h"
#include "backends/posix/open_descriptors_for_test.h"
#include "backends/unix/unix.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/conn.h"
#include "transport/descriptor.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/handle_passing.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

// Both ends of a pipe(2).
struct Pipe2 {
  Pipe2() {
    int fds[2] = {-1, -1};
    if (pipe2(fds, O_CLOEXEC) != 0) return;
    read = Descriptor(fds[0]);
    write = Descriptor(fds[1]);
  }
  Descriptor read;
  Descriptor write;
};

class UnixHandlesTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    DialOptions options;
    options.local_address = "";
    auto listener = *unix_->Listen(GetParam(), "");
    near_ = *unix_->Dial(GetParam(), listener->Address().ToString(), options);
    far_ = *listener->Accept();
    ends_ = EndsOf(*near_);
  }
  ~UnixHandlesTest() override {
    near_.reset();
    far_.reset();
    EXPECT_EQ(OpenDescriptors(), before_);
  }

  HandlePassing& near() { return *Extension<HandlePassing>(*near_); }
  HandlePassing& far() { return *Extension<HandlePassing>(*far_); }
  std::string Text(absl::string_view op, absl::string_view cause) const {
    return std::string(op) + " " + GetParam() + " " + ends_ + ": " +
           std::string(cause);
  }

  const OpenDescriptors before_;
  const std::shared_ptr<Transport> unix_ = MakeUnix();
  std::unique_ptr<Conn> near_;
  std::unique_ptr<Conn> far_;
  std::string ends_;
  char buffer_[64];
};

// S-UX-06.
TEST_P(UnixHandlesTest, ArriveCloseOnExecAndOpen) {
  Pipe2 pipe;
  const int handles[] = {pipe.write.get()};
  ASSERT_TRUE(near().WriteWithHandles("w", handles).ok());
  pipe.write.Close();
  auto got = far().ReadWithHandles(absl::MakeSpan(buffer_));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->size, 1u);
  ASSERT_EQ(got->handles.size(), 1u);
  EXPECT_EQ(fcntl(got->handles[0].get(), F_GETFD), FD_CLOEXEC);
  ASSERT_EQ(write(got->handles[0].get(), "x", 1), 1);
  EXPECT_EQ(read(pipe.read.get(), buffer_, sizeof buffer_), 1);
}

// S-UX-08.
TEST_P(UnixHandlesTest, APlainReadClosesWhatComesAlong) {
  Pipe2 pipe;
  const int handles[] = {pipe.write.get()};
  ASSERT_TRUE(near().WriteWithHandles("w", handles).ok());
  pipe.write.Close();
  EXPECT_EQ(*far_->Read(absl::MakeSpan(buffer_)), 1u);
  // The last writer is gone.
  EXPECT_EQ(read(pipe.read.get(), buffer_, sizeof buffer_), 0);
}

TEST_P(UnixHandlesTest, CloseClosesWhatWasNotReceived) {
  Pipe2 pipe;
  const int handles[] = {pipe.write.get()};
  ASSERT_TRUE(near().WriteWithHandles("w", handles).ok());
  pipe.write.Close();
  ASSERT_TRUE(far_->Close().ok());
  EXPECT_EQ(read(pipe.read.get(), buffer_, sizeof buffer_), 0);
}

TEST_P(UnixHandlesTest, NoRoomForThem) {
  Pipe2 pipe;
  const int handles[] = {pipe.write.get(), pipe.read.get()};
  ASSERT_TRUE(near().WriteWithHandles("two", handles).ok());
  rlimit old;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  const Descriptor highest(dup(0));
  rlimit low = old;
  low.rlim_cur = static_cast<rlim_t>(highest.get()) + 2;  // for one of them
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  const absl::Status status =
      far().ReadWithHandles(absl::MakeSpan(buffer_)).status();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(GetErrorInfo(status)->errno_value, EMFILE);
  EXPECT_EQ(BytesDone(status), 3u);
}

TEST_P(UnixHandlesTest, ErrorsOfTheSender) {
  const int closed[] = {1000000};
  const absl::Status status = near().WriteWithHandles("x", closed);
  ExpectError(status, Code::kInvalidArgument,
              Text("write", "sendmsg: bad file descriptor"));
  EXPECT_EQ(GetErrorInfo(status)->errno_value, EBADF);
  ExpectError(near().WriteWithHandles("x", std::vector<int>(254, 0)),
              Code::kInvalidArgument,
              Text("write", "too many handles: 254, at most 253"));
  ASSERT_TRUE(near().WriteWithHandles("x", std::vector<int>(253, 0)).ok());
  EXPECT_EQ(far().ReadWithHandles(absl::MakeSpan(buffer_))->handles.size(),
            253u);
  ASSERT_TRUE(near_->CloseWrite().ok());
  ExpectError(near().WriteWithHandles("x", {}), Code::kFailedPrecondition,
              Text("write", "write: broken pipe"));
}

// S-UX-07.
TEST_P(UnixHandlesTest, WithoutBytes) {
  const int handles[] = {0};
  const absl::Status status = near().WriteWithHandles("", handles);
  if (GetParam() == absl::string_view("unix")) {
    ExpectError(status, Code::kInvalidArgument,
                Text("write", "handles without a byte to go along with"));
    EXPECT_TRUE(near().WriteWithHandles("", {}).ok());
    return;
  }
  ASSERT_TRUE(status.ok());
  auto got = far().ReadWithHandles(absl::MakeSpan(buffer_));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->size, 0u);
  EXPECT_EQ(got->handles.size(), 1u);
}

TEST_P(UnixHandlesTest, ThoseOfACutMessageAreClosed) {
  Pipe2 pipe;
  const int handles[] = {pipe.write.get()};
  ASSERT_TRUE(near().WriteWithHandles("four", handles).ok());
  pipe.write.Close();
  auto got = far().ReadWithHandles(absl::MakeSpan(buffer_, 2));
  if (GetParam() == absl::string_view("unix")) {
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->handles.size(), 1u);
    EXPECT_EQ(*far_->Read(absl::MakeSpan(buffer_)), 2u);
    return;
  }
  EXPECT_EQ(got.status().code(), Code::kInvalidArgument);
  EXPECT_EQ(BytesDone(got.status()), 4u);
  EXPECT_EQ(read(pipe.read.get(), buffer_, sizeof buffer_), 0);
}

INSTANTIATE_TEST_SUITE_P(Networks, UnixHandlesTest,
                         testing::Values("unix", "unixpacket"));

// A Read that empties the socket makes the next one wait before it tries; what
// ReadWithHandles leaves must be found all the same.
TEST(UnixHandlesOfStreamsTest, ReadsOfBothKindsTakeTurns) {
  const std::shared_ptr<Transport> unix_sockets = MakeUnix();
  auto listener = *unix_sockets->Listen("unix", "");
  auto near = *unix_sockets->Dial("unix", listener->Address().ToString());
  auto far = *listener->Accept();
  char buffer[64];
  const int handles[] = {0};
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(near->Write("ab").ok());
    EXPECT_EQ(*far->Read(absl::MakeSpan(buffer)), 2u);
    ASSERT_TRUE(Extension<HandlePassing>(*near)
                    ->WriteWithHandles("with", handles)
                    .ok());
    ASSERT_TRUE(near->Write("plain").ok());
    auto got =
        Extension<HandlePassing>(*far)->ReadWithHandles(absl::MakeSpan(buffer));
    ASSERT_TRUE(got.ok()) << got.status();
    // The bytes of the Write that had them, and no more.
    EXPECT_EQ(got->size, 4u);
    EXPECT_EQ(got->handles.size(), 1u);
    EXPECT_EQ(*far->Read(absl::MakeSpan(buffer)), 5u);
  }
}

// More than the socket's buffers: the handles go with the first part.
TEST(UnixHandlesOfStreamsTest, GoAlongWithALargeWrite) {
  const std::shared_ptr<Transport> unix_sockets = MakeUnix();
  auto listener = *unix_sockets->Listen("unix", "");
  auto near = *unix_sockets->Dial("unix", listener->Address().ToString());
  auto far = *listener->Accept();
  const std::string large(4 << 20, 'x');
  const int handles[] = {0, 1};
  absl::Status status;
  std::thread writer([&] {
    status = Extension<HandlePassing>(*near)->WriteWithHandles(large, handles);
  });
  std::vector<char> buffer(large.size());
  size_t size = 0, count = 0;
  while (size < large.size()) {
    auto got =
        Extension<HandlePassing>(*far)->ReadWithHandles(absl::MakeSpan(buffer));
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->handles.size(), size == 0 ? 2u : 0u);
    size += got->size;
    count += got->handles.size();
  }
  writer.join();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(count, 2u);
}

TEST(UnixgramHandlesTest, FromAConnAndBack) {
  const OpenDescriptors before;
  {
    const std::shared_ptr<Transport> unix_sockets = MakeUnix();
    auto packets = *unix_sockets->ListenPacket("unixgram", "");
    DialOptions options;
    options.local_address = "";
    auto conn = *unix_sockets->Dial("unixgram", packets->LocalAddr().ToString(),
                                    options);
    auto* of_packets = Extension<PacketHandlePassing>(*packets);
    auto* of_conn = Extension<HandlePassing>(*conn);
    char buffer[64];
    const int handles[] = {0};
    ASSERT_TRUE(of_conn->WriteWithHandles("", handles).ok());
    auto there = of_packets->ReadFromWithHandles(absl::MakeSpan(buffer));
    ASSERT_TRUE(there.ok()) << there.status();
    EXPECT_EQ(there->received.from, conn->LocalAddr());
    ASSERT_EQ(there->handles.size(), 1u);
    const int on[] = {there->handles[0].get()};
    ASSERT_TRUE(
        of_packets->WriteToWithHandles("back", there->received.from, on).ok());
    auto back = of_conn->ReadWithHandles(absl::MakeSpan(buffer));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->size, 4u);
    EXPECT_EQ(back->handles.size(), 1u);
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace plumb
