#include "transport/error.h"

#include <cerrno>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/addr.h"
#include "transport/error_parts_for_test.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

struct CodeRow {
  const char* syscall;
  int error;
  Code code;
};

// S-ER-06.
TEST(CodeForErrnoTest, FollowsTheTable) {
  const CodeRow kRows[] = {
      {"connect", ECONNREFUSED, Code::kUnavailable},
      {"read", ECONNRESET, Code::kUnavailable},
      {"accept4", ECONNABORTED, Code::kUnavailable},
      {"write", EPIPE, Code::kUnavailable},
      {"connect", ETIMEDOUT, Code::kUnavailable},
      {"read", ETIMEDOUT, Code::kUnavailable},
      {"connect", ENETUNREACH, Code::kUnavailable},
      {"connect", EHOSTUNREACH, Code::kUnavailable},
      {"connect", ENETDOWN, Code::kUnavailable},
      {"connect", EHOSTDOWN, Code::kUnavailable},
      {"read", ENETRESET, Code::kUnavailable},
      {"accept4", ENONET, Code::kUnavailable},
      {"accept4", EPROTO, Code::kUnavailable},
      {"connect", EAGAIN, Code::kUnavailable},
      {"connect", EADDRNOTAVAIL, Code::kUnavailable},
      {"bind", EADDRNOTAVAIL, Code::kInvalidArgument},
      {"setsockopt", EADDRNOTAVAIL, Code::kInvalidArgument},
      {"bind", EINVAL, Code::kInvalidArgument},
      {"connect", EINVAL, Code::kInvalidArgument},
      {"write", EMSGSIZE, Code::kInvalidArgument},
      {"connect", EPROTOTYPE, Code::kInvalidArgument},
      {"bind", ENAMETOOLONG, Code::kInvalidArgument},
      {"bind", ENOTDIR, Code::kInvalidArgument},
      {"bind", ELOOP, Code::kInvalidArgument},
      {"setsockopt", EDOM, Code::kInvalidArgument},
      {"getsockopt", ENOTSOCK, Code::kInvalidArgument},
      {"connect", ENOENT, Code::kNotFound},
      {"bind", ENODEV, Code::kNotFound},
      {"bind", EADDRINUSE, Code::kAlreadyExists},
      {"link", EEXIST, Code::kAlreadyExists},
      {"shutdown", ENOTCONN, Code::kFailedPrecondition},
      {"connect", EISCONN, Code::kFailedPrecondition},
      {"write", EDESTADDRREQ, Code::kFailedPrecondition},
      {"write", ESHUTDOWN, Code::kFailedPrecondition},
      {"socket", EMFILE, Code::kResourceExhausted},
      {"socket", ENFILE, Code::kResourceExhausted},
      {"write", ENOBUFS, Code::kResourceExhausted},
      {"write", ENOMEM, Code::kResourceExhausted},
      {"bind", ENOSPC, Code::kResourceExhausted},
      {"bind", EDQUOT, Code::kResourceExhausted},
      {"sendmsg", ETOOMANYREFS, Code::kResourceExhausted},
      {"bind", EACCES, Code::kPermissionDenied},
      {"socket", EPERM, Code::kPermissionDenied},
      {"bind", EROFS, Code::kPermissionDenied},
      {"socket", EAFNOSUPPORT, Code::kUnimplemented},
      {"connect", EAFNOSUPPORT, Code::kInvalidArgument},
      {"socket", EPFNOSUPPORT, Code::kUnimplemented},
      {"socket", EPROTONOSUPPORT, Code::kUnimplemented},
      {"socket", ESOCKTNOSUPPORT, Code::kUnimplemented},
      {"shutdown", EOPNOTSUPP, Code::kUnimplemented},
      {"setsockopt", ENOPROTOOPT, Code::kUnimplemented},
      {"accept4", ENOSYS, Code::kUnimplemented},
      {"read", EIO, Code::kInternal},
      {"read", EBADF, Code::kInternal},
      {"read", EFAULT, Code::kInternal},
      {"read", EINTR, Code::kInternal},
      {"read", 4095, Code::kInternal},
      {"read", 0, Code::kInternal},
  };
  for (const CodeRow& row : kRows) {
    SCOPED_TRACE(absl::StrCat(row.syscall, " errno ", row.error));
    EXPECT_EQ(CodeForErrno(row.syscall, row.error), row.code);
    const absl::Status status =
        ErrnoError(Op("op", "net"), row.syscall, row.error);
    EXPECT_EQ(status.code(), row.code);
    EXPECT_EQ(GetErrorInfo(status)->syscall, row.syscall);
    EXPECT_EQ(GetErrorInfo(status)->errno_value, row.error);
    EXPECT_EQ(IsUnsupported(status), row.code == Code::kUnimplemented);
    EXPECT_FALSE(IsTimeout(status));
  }
}

// The lines of Go that need an errno; F-220, F-221, S-ER-05.
TEST(ErrnoErrorTest, PrintsWhatGoPrints) {
  ExpectError(
      ErrnoError(Op("dial", "tcp", Addr(), Remote()), "connect", ECONNREFUSED),
      Code::kUnavailable, "dial tcp 10.0.0.2:80: connect: connection refused");
  ExpectError(
      ErrnoError(Op("read", "tcp", Local(), Remote()), "read", ECONNRESET),
      Code::kUnavailable,
      "read tcp 10.0.0.1:9->10.0.0.2:80: read: connection reset by peer");
  ExpectError(ErrnoError(Op("write", "tcp", Local(), Remote()), "write", EPIPE),
              Code::kUnavailable,
              "write tcp 10.0.0.1:9->10.0.0.2:80: write: broken pipe");
  ExpectError(
      ErrnoError(Op("close", "tcp", Local(), Remote()), "shutdown", ENOTCONN),
      Code::kFailedPrecondition,
      "close tcp 10.0.0.1:9->10.0.0.2:80: shutdown: "
      "transport endpoint is not connected");
  ExpectError(ErrnoError(Op("listen", "tcp", Addr(), Addr::Tcp(IpAddr(), 8080)),
                         "bind", EADDRINUSE),
              Code::kAlreadyExists,
              "listen tcp :8080: bind: address already in use");
  ExpectError(ErrnoError(Op("listen", "tcp", Addr(),
                            Addr::Tcp(IpAddr::V4(192, 0, 2, 1), 0)),
                         "bind", EADDRNOTAVAIL),
              Code::kInvalidArgument,
              "listen tcp 192.0.2.1:0: bind: cannot assign requested address");
  ExpectError(
      ErrnoError(
          Op("dial", "unix", Addr(), Addr::Named("unix", "/nonexistent.sock")),
          "connect", ENOENT),
      Code::kNotFound,
      "dial unix /nonexistent.sock: connect: no such file or directory");
  ExpectError(
      ErrnoError(Op("accept", "tcp", Addr(), Local()), "accept4", EMFILE),
      Code::kResourceExhausted,
      "accept tcp 10.0.0.1:9: accept4: too many open files");
  ExpectError(ErrnoError(Op("write", "udp", Addr(),
                            Addr::Udp(IpAddr::V4(10, 0, 0, 1), 9)),
                         "write", EDESTADDRREQ),
              Code::kFailedPrecondition,
              "write udp 10.0.0.1:9: write: destination address required");
  ExpectError(ErrnoError(Op("write", "unix", Addr::Unnamed("unix"),
                            Addr::Named("unix", "u.sock")),
                         "write", EPIPE),
              Code::kUnavailable, "write unix @->u.sock: write: broken pipe");
  ExpectError(ErrnoError(Op("dial", "tcp"), "", EINVAL), Code::kInvalidArgument,
              "dial tcp: invalid argument");
}

TEST(OpErrorTest, PrintsOnlyThePartsThatThereAre) {
  constexpr auto kCode = Code::kInvalidArgument;
  ExpectError(OpError(kCode, Op("dial", "foo"), "unknown network foo"), kCode,
              "dial foo: unknown network foo");
  ExpectError(OpError(kCode, Op("dial", ""), "missing address"), kCode,
              "dial: missing address");
  ExpectError(OpError(kCode, Op("", "tcp"), "cause"), kCode, "tcp: cause");
  ExpectError(OpError(kCode, Op("", ""), "cause"), kCode, "cause");
  ExpectError(OpError(kCode, Op("dial", "tcp", Local()), "cause"), kCode,
              "dial tcp 10.0.0.1:9: cause");
  ExpectError(OpError(kCode, Op("dial", "tcp", Local(), Remote()), "cause"),
              kCode, "dial tcp 10.0.0.1:9->10.0.0.2:80: cause");
}

TEST(OpErrorTest, KeepsTheKind) {
  ErrorInfo info = Op("dial", "tcp");
  info.kind = ErrorKind::kNoSuchHost;
  const absl::Status status =
      OpError(Code::kNotFound, info, "lookup db on 10.0.0.53:53: no such host");
  ExpectError(status, Code::kNotFound,
              "dial tcp: lookup db on 10.0.0.53:53: no such host");
  EXPECT_TRUE(IsNoSuchHost(status));
  EXPECT_EQ(GetErrorInfo(status), info);
}

// S-EOF-01: bare.
TEST(FixedErrorTest, Eof) {
  const absl::Status status = EofError();
  ExpectError(status, Code::kOutOfRange, "EOF");
  EXPECT_TRUE(IsEof(status));
  ErrorInfo info;
  info.kind = ErrorKind::kEof;
  EXPECT_EQ(GetErrorInfo(status), info);
}

// S-ER-07: programs look for these words.
TEST(FixedErrorTest, Closed) {
  const absl::Status status = ClosedError(Op("read", "tcp", Local(), Remote()));
  ExpectError(status, Code::kCancelled,
              "read tcp 10.0.0.1:9->10.0.0.2:80: "
              "use of closed network connection");
  EXPECT_TRUE(IsClosed(status));
  EXPECT_FALSE(IsCancelledCall(status));
}

TEST(FixedErrorTest, Timeout) {
  const absl::Status status = TimeoutError(Op("read", "pipe"));
  ExpectError(status, Code::kDeadlineExceeded, "read pipe: i/o timeout");
  EXPECT_TRUE(IsTimeout(status));
  EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kTimeout);
}

TEST(FixedErrorTest, TimeoutOfAScope) {
  ErrorInfo info = Op("accept", "tcp", Addr(), Local());
  info.kind = ErrorKind::kScopeTimeout;
  const absl::Status status = TimeoutError(info);
  ExpectError(status, Code::kDeadlineExceeded,
              "accept tcp 10.0.0.1:9: i/o timeout");
  EXPECT_TRUE(IsTimeout(status));
  EXPECT_EQ(GetErrorInfo(status)->kind, ErrorKind::kScopeTimeout);
}

TEST(FixedErrorTest, Cancelled) {
  const absl::Status status =
      CancelledError(Op("dial", "tcp", Addr(), Remote()));
  ExpectError(status, Code::kCancelled,
              "dial tcp 10.0.0.2:80: operation was canceled");
  EXPECT_TRUE(IsCancelledCall(status));
  EXPECT_FALSE(IsClosed(status));
}

TEST(FixedErrorTest, Unsupported) {
  const absl::Status status =
      UnsupportedError(Op("close", "udp", Local(), Remote()), "half-close");
  ExpectError(status, Code::kUnimplemented,
              "close udp 10.0.0.1:9->10.0.0.2:80: half-close not supported");
  EXPECT_TRUE(IsUnsupported(status));
}

// S-ER-08.
TEST(PredicateTest, LookAtTheErrno) {
  auto error = [](int number) {
    return ErrnoError(Op("op", "net"), "syscall", number);
  };
  EXPECT_TRUE(IsRefused(error(ECONNREFUSED)));
  EXPECT_TRUE(IsReset(error(ECONNRESET)));
  EXPECT_TRUE(IsBrokenPipe(error(EPIPE)));
  EXPECT_TRUE(IsAddressInUse(error(EADDRINUSE)));
  EXPECT_FALSE(IsRefused(error(ECONNRESET)));
  EXPECT_FALSE(IsReset(error(EPIPE)));
  EXPECT_FALSE(IsBrokenPipe(error(ECONNRESET)));
  EXPECT_FALSE(IsAddressInUse(error(EADDRNOTAVAIL)));
}

TEST(PredicateTest, AreFalseForOkAndForeignErrors) {
  for (int code = 0; code <= 16; ++code) {
    const absl::Status status(static_cast<Code>(code), "EOF");
    EXPECT_FALSE(IsEof(status));
    EXPECT_FALSE(IsClosed(status));
    EXPECT_FALSE(IsTimeout(status));
    EXPECT_FALSE(IsCancelledCall(status));
    EXPECT_FALSE(IsRefused(status));
    EXPECT_FALSE(IsReset(status));
    EXPECT_FALSE(IsBrokenPipe(status));
    EXPECT_FALSE(IsAddressInUse(status));
    EXPECT_FALSE(IsNoSuchHost(status));
    EXPECT_FALSE(IsUnsupported(status));
    EXPECT_EQ(BytesDone(status), 0u);
    EXPECT_EQ(GetErrorInfo(status), std::nullopt);
  }
}

TEST(AnnotateTest, KeepsCodeAndPayloads) {
  absl::Status status = EofError();
  status.SetPayload("example/Other", absl::Cord("other"));
  const absl::Status annotated = Annotate(status, "header");
  ExpectError(annotated, Code::kOutOfRange, "header: EOF");
  EXPECT_TRUE(IsEof(annotated));
  EXPECT_EQ(GetErrorInfo(annotated), GetErrorInfo(status));
  EXPECT_EQ(*annotated.GetPayload("example/Other"), "other");
  EXPECT_EQ(Annotate(absl::OkStatus(), "header"), absl::OkStatus());
}

TEST(AnnotateTest, AnotherCodeDoesNotChangeWhatHappened) {
  const absl::Status eof = EofError();
  absl::Status status = absl::InternalError("bad message");
  eof.ForEachPayload([&](absl::string_view type_url, const absl::Cord& p) {
    status.SetPayload(type_url, p);
  });
  EXPECT_TRUE(IsEof(status));
}

}  // namespace
}  // namespace plumb
