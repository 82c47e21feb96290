#include "transport/error.h"

#include <cerrno>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "testing/expect_error_for_test.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

constexpr char kTypeUrl[] = "plumb/ErrorInfo";

Addr Local() { return Addr::Tcp(IpAddr::V4(10, 0, 0, 1), 9); }
Addr Remote() { return Addr::Tcp(IpAddr::V4(10, 0, 0, 2), 80); }

ErrorInfo Op(const char* op, const char* network, Addr source = Addr(),
             Addr addr = Addr()) {
  ErrorInfo info;
  info.op = op;
  info.network = network;
  info.source = source;
  info.addr = addr;
  return info;
}

ErrorInfo EveryField() {
  ErrorInfo info = Op("write", "tcp", Local(), Remote());
  info.kind = ErrorKind::kScopeTimeout;
  info.syscall = "sendmsg";
  info.errno_value = EPIPE;
  info.bytes_done = 1234567890123456789u;
  info.injected_by = "rule 7";
  info.detail = std::string("a\0b", 3);
  return info;
}

std::string Payload(const ErrorInfo& info) {
  return std::string(
      *WithErrorInfo(absl::UnknownError(""), info).GetPayload(kTypeUrl));
}

std::optional<ErrorInfo> Decode(const std::string& payload) {
  absl::Status status = absl::UnknownError("");
  status.SetPayload(kTypeUrl, absl::Cord(payload));
  return GetErrorInfo(status);
}

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

class ErrorInfoTest : public testing::Test {
 protected:
  // Networks of others go into a table that the tests below fill up; this one
  // is there first.
  static void SetUpTestSuite() {
    const ErrorInfo info = Op("read", "net", Addr::Unnamed("carrier-pigeon"));
    ASSERT_EQ(Decode(Payload(info)), info);
  }
};

TEST_F(ErrorInfoTest, EveryFieldComesBack) {
  const ErrorInfo info = EveryField();
  const absl::Status status = TimeoutError(info);
  EXPECT_EQ(GetErrorInfo(status), info);
  EXPECT_EQ(BytesDone(status), info.bytes_done);
}

TEST_F(ErrorInfoTest, ComparesEveryField) {
  const ErrorInfo info = EveryField();
  std::vector<ErrorInfo> others(10, info);
  others[0].kind = ErrorKind::kEof;
  others[1].op = "";
  others[2].network = "";
  others[3].source = Addr();
  others[4].addr = Addr();
  others[5].syscall = "";
  others[6].errno_value = 0;
  others[7].bytes_done = 0;
  others[8].injected_by = "";
  others[9].detail = "";
  for (const ErrorInfo& other : others) {
    EXPECT_FALSE(other == info);
    EXPECT_EQ(Decode(Payload(other)), other);
  }
}

TEST_F(ErrorInfoTest, EveryAddressComesBack) {
  const Addr kAddrs[] = {
      Addr(),
      Addr::Tcp(IpAddr(), 80),
      Addr::Udp(IpAddr::V4(255, 0, 1, 2), 65535),
      Addr::Tcp(IpAddr::LoopbackV6(), 0),
      Addr::Tcp(IpAddr::V6({0xfe, 0x80}, 4294967295u), 1),
      Addr::RawIp(IpAddr::V4(127, 0, 0, 1)),
      Addr::Named("unix", "/run/x.sock"),
      Addr::Named("unixgram", "@x"),
      Addr::Named("fake", ""),
      Addr::Unnamed("unixpacket"),
      Addr::Named("carrier-pigeon", std::string("\0\xff", 2)),
  };
  for (const Addr& addr : kAddrs) {
    SCOPED_TRACE(addr.ToString());
    const ErrorInfo info = Op("read", "net", addr, addr);
    const std::optional<ErrorInfo> back = Decode(Payload(info));
    ASSERT_EQ(back, info);
    EXPECT_EQ(back->source.network(), addr.network());
    EXPECT_EQ(back->addr.ToString(), addr.ToString());
  }
}

TEST_F(ErrorInfoTest, ExtremeNumbersComeBack) {
  for (int error : {0, 1, -1, std::numeric_limits<int>::min(),
                    std::numeric_limits<int>::max()}) {
    ErrorInfo info;
    info.errno_value = error;
    EXPECT_EQ(Decode(Payload(info)), info);
  }
  for (uint64_t bytes : {uint64_t{0}, uint64_t{127}, uint64_t{128},
                         std::numeric_limits<uint64_t>::max()}) {
    ErrorInfo info;
    info.bytes_done = bytes;
    EXPECT_EQ(Decode(Payload(info)), info);
  }
}

TEST_F(ErrorInfoTest, APayloadThatIsCutOrLongerIsNone) {
  const std::string whole = Payload(EveryField());
  ASSERT_TRUE(Decode(whole).has_value());
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(Decode(whole.substr(0, size)), std::nullopt) << size;
  }
  EXPECT_EQ(Decode(whole + '\0'), std::nullopt);
}

TEST_F(ErrorInfoTest, AnotherVersionIsNone) {
  std::string payload = Payload(EveryField());
  payload[0] = 2;
  EXPECT_EQ(Decode(payload), std::nullopt);
}

TEST_F(ErrorInfoTest, NumbersThatDoNotFitAreNone) {
  const std::string whole = Payload(ErrorInfo());
  // Version, kind, op, network, source, addr, syscall, errno, bytes done, ...
  auto with = [&whole](size_t index, const std::string& number) {
    std::string payload = whole;
    return payload.replace(index, 1, number);
  };
  const std::string kHuge(9, '\xff');
  ASSERT_EQ(whole.size(), 11u);
  EXPECT_EQ(Decode(with(1, "\x09")), std::nullopt);          // no such kind
  EXPECT_EQ(Decode(with(2, kHuge + '\x01')), std::nullopt);  // long string
  EXPECT_EQ(Decode(with(4, "\x03")), std::nullopt);          // no such address
  EXPECT_EQ(Decode(with(7, kHuge + '\x01')), std::nullopt);  // no such errno
  EXPECT_TRUE(Decode(with(8, kHuge + '\x01')).has_value());  // 2^64 - 1
  EXPECT_EQ(Decode(with(8, kHuge + '\x02')), std::nullopt);  // 2^64 and more
  EXPECT_EQ(Decode(with(8, std::string(11, '\x80'))), std::nullopt);
}

TEST_F(ErrorInfoTest, RandomBytesDoNoHarm) {
  std::mt19937 random(1);
  const std::string whole = Payload(EveryField());
  for (int round = 0; round < 20000; ++round) {
    std::string payload = whole;
    for (int flips = random() % 4; flips >= 0; --flips) {
      payload[random() % payload.size()] = static_cast<char>(random());
    }
    (void)Decode(payload);

    std::string noise(random() % 64, '\1');
    for (size_t i = 1; i < noise.size(); ++i) {
      noise[i] = static_cast<char>(random());
    }
    (void)Decode(noise);
  }
}

// Of more networks than there is room for the names are lost, and nothing else.
TEST_F(ErrorInfoTest, MadeUpNetworksDoNotFillTheMemory) {
  const Addr other = Addr::Named("other", "there");
  bool full = false;
  for (int i = 0; i < 2000; ++i) {
    const std::string name = absl::StrCat("made-up-", i);
    // The pointer lives until the payload is made, which is all it takes.
    ErrorInfo info = Op("read", "tcp", Local());
    info.addr = Addr::Named(name.c_str(), "there");
    const std::optional<ErrorInfo> back = Decode(Payload(info));
    ASSERT_TRUE(back.has_value());
    full = full || back->addr == other;
    if (full) info.addr = other;
    EXPECT_EQ(back, info);
  }
  EXPECT_TRUE(full);
}

TEST_F(ErrorInfoTest, AnEndlessNetworkIsNotKept) {
  const std::string name(101, 'n');
  const ErrorInfo info =
      Op("read", "tcp", Local(), Addr::Named(name.c_str(), "there"));
  EXPECT_EQ(Decode(Payload(info))->addr, Addr::Named("other", "there"));
}

TEST(WithErrorInfoTest, ReplacesWhatWasThere) {
  ErrorInfo info = EveryField();
  absl::Status status = ClosedError(info);
  info.kind = ErrorKind::kUnexpectedEof;
  info.bytes_done = 7;
  status = WithErrorInfo(status, info);
  EXPECT_EQ(GetErrorInfo(status), info);
  EXPECT_FALSE(IsClosed(status));
  EXPECT_EQ(BytesDone(status), 7u);
}

TEST(WithErrorInfoTest, LeavesOkAlone) {
  EXPECT_EQ(WithErrorInfo(absl::OkStatus(), EveryField()), absl::OkStatus());
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
