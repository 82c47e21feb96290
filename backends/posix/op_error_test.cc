#include "backends/posix/op_error.h"

#include <cerrno>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "transport/addr.h"
#include "transport/error.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

ErrorInfo ListenInfo() {
  ErrorInfo info;
  info.op = "listen";
  info.network = "tcp4";
  info.addr = Addr::Tcp(IpAddr::LoopbackV4(), 80);
  return info;
}

TEST(OpError, SystemCallBecomesTheCauseOfAnOperation) {
  const absl::Status cause = SyscallError("bind", EADDRINUSE);
  EXPECT_EQ(cause.message(), "bind: address already in use");
  const absl::Status status = ForOp(cause, ListenInfo());
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(status.message(),
            "listen tcp4 127.0.0.1:80: bind: address already in use");
  const ErrorInfo info = *GetErrorInfo(status);
  EXPECT_EQ(info.syscall, "bind");
  EXPECT_EQ(info.errno_value, EADDRINUSE);
  EXPECT_EQ(info.op, "listen");
}

TEST(OpError, KindIsTheCauses) {
  const absl::Status status = ForOp(TimeoutError(ErrorInfo()), ListenInfo());
  EXPECT_TRUE(IsTimeout(status));
  EXPECT_EQ(status.message(), "listen tcp4 127.0.0.1:80: i/o timeout");
}

TEST(OpError, ForeignStatusKeepsCodeAndText) {
  const absl::Status status =
      ForOp(absl::NotFoundError("nothing"), ListenInfo());
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "listen tcp4 127.0.0.1:80: nothing");
}

TEST(OpError, UnknownNetwork) {
  const absl::Status status = UnknownNetworkError("dial", "foo");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "dial foo: unknown network foo");
}

TEST(OpError, UnexpectedType) {
  const absl::Status status = UnexpectedTypeError("udp", "127.0.0.1:0");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
  EXPECT_TRUE(IsUnsupported(status));
  EXPECT_EQ(status.message(),
            "listen udp 127.0.0.1:0: address 127.0.0.1:0: unexpected address "
            "type");
}

}  // namespace
}  // namespace plumb
