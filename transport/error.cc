#include "transport/error.h"

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "transport/errno_text.h"
#include "transport/error_codec.h"

namespace plumb {
namespace {

using Code = absl::StatusCode;

constexpr char kTypeUrl[] = "plumb/ErrorInfo";

struct ErrnoRow {
  int error;
  const char* syscall;  // null: from every other one
  Code code;
};

// The one table; the first row that fits counts. What is not here is Internal.
constexpr ErrnoRow kErrnoTable[] = {
    // The peer or the way to it; trying later may help.
    {ECONNREFUSED, nullptr, Code::kUnavailable},  // nobody listens there
    {ECONNRESET, nullptr, Code::kUnavailable},    // the peer tore it down
    {ECONNABORTED, nullptr, Code::kUnavailable},  // torn down while queued
    {EPIPE, nullptr, Code::kUnavailable},         // the peer reads no more
    {ETIMEDOUT, nullptr, Code::kUnavailable},     // the kernel gave up
    {ENETUNREACH, nullptr, Code::kUnavailable},   // no route
    {EHOSTUNREACH, nullptr, Code::kUnavailable},  // a router says: no such host
    {ENETDOWN, nullptr, Code::kUnavailable},      // the interface is down
    {EHOSTDOWN, nullptr, Code::kUnavailable},     // nobody answers to its MAC
    {ENETRESET, nullptr, Code::kUnavailable},     // keep-alive saw it fail
    {ENONET, nullptr, Code::kUnavailable},        // the machine has no network
    {EPROTO, nullptr, Code::kUnavailable},        // the peer broke the protocol
    {EAGAIN, nullptr, Code::kUnavailable},  // udp: no port left for connect
    {EADDRNOTAVAIL, "connect", Code::kUnavailable},  // tcp: the same

    // The address or the argument is wrong and stays so.
    {EADDRNOTAVAIL, nullptr, Code::kInvalidArgument},  // not of this machine
    {EINVAL, nullptr, Code::kInvalidArgument},         // malformed
    {EMSGSIZE, nullptr, Code::kInvalidArgument},       // longer than a datagram
    {EPROTOTYPE, nullptr, Code::kInvalidArgument},     // unix of another type
    {ENAMETOOLONG, nullptr, Code::kInvalidArgument},   // path too long
    {ENOTDIR, nullptr, Code::kInvalidArgument},        // path through a file
    {ELOOP, nullptr, Code::kInvalidArgument},          // path through a cycle
    {EDOM, nullptr, Code::kInvalidArgument},           // option out of range
    {ENOTSOCK, nullptr, Code::kInvalidArgument},       // adopted, but no socket
    {ENOENT, nullptr, Code::kNotFound},                // no such socket file
    {ENODEV, nullptr, Code::kNotFound},                // no such interface
    {EADDRINUSE, nullptr, Code::kAlreadyExists},  // somebody is bound there
    {EEXIST, nullptr, Code::kAlreadyExists},      // a file is there

    // The connection is not in the state for it.
    {ENOTCONN, nullptr, Code::kFailedPrecondition},      // nobody there
    {EISCONN, nullptr, Code::kFailedPrecondition},       // connected already
    {EDESTADDRREQ, nullptr, Code::kFailedPrecondition},  // write without a peer
    {ESHUTDOWN, nullptr, Code::kFailedPrecondition},     // shut down before

    // This machine has no more of it.
    {EMFILE, nullptr, Code::kResourceExhausted},   // descriptors, process
    {ENFILE, nullptr, Code::kResourceExhausted},   // descriptors, system
    {ENOBUFS, nullptr, Code::kResourceExhausted},  // buffers
    {ENOMEM, nullptr, Code::kResourceExhausted},   // memory
    {ENOSPC, nullptr, Code::kResourceExhausted},   // disk for a socket file
    {EDQUOT, nullptr, Code::kResourceExhausted},   // the user's share of it
    {ETOOMANYREFS, nullptr, Code::kResourceExhausted},  // descriptors in flight

    // It may not.
    {EACCES, nullptr, Code::kPermissionDenied},  // file mode, low port
    {EPERM, nullptr, Code::kPermissionDenied},   // capability, firewall
    {EROFS, nullptr, Code::kPermissionDenied},   // read-only file system

    // It cannot. A family that the address does not fit is a wrong address; one
    // that no socket can be had for is not in this kernel.
    {EAFNOSUPPORT, "socket", Code::kUnimplemented},    // family, e.g. no IPv6
    {EAFNOSUPPORT, nullptr, Code::kInvalidArgument},   // address of another one
    {EPFNOSUPPORT, nullptr, Code::kUnimplemented},     // family
    {EPROTONOSUPPORT, nullptr, Code::kUnimplemented},  // protocol
    {ESOCKTNOSUPPORT, nullptr, Code::kUnimplemented},  // type of socket
    {EOPNOTSUPP, nullptr, Code::kUnimplemented},       // operation
    {ENOPROTOOPT, nullptr, Code::kUnimplemented},      // option
    {ENOSYS, nullptr, Code::kUnimplemented},           // system call
};

void Append(absl::string_view separator, absl::string_view part,
            std::string& text) {
  absl::StrAppend(&text, text.empty() ? absl::string_view() : separator, part);
}

// Go's OpError.Error().
std::string ErrorText(const ErrorInfo& info, absl::string_view cause) {
  std::string text = OpText(info);
  Append(": ", cause, text);
  return text;
}

// kOther for statuses that are not ours, too.
ErrorKind KindOf(const absl::Status& status) {
  auto payload = status.GetPayload(kTypeUrl);
  return payload.has_value() ? DecodeErrorKind(payload->Flatten())
                             : ErrorKind::kOther;
}

bool IsErrno(const absl::Status& status, int error) {
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  return info.has_value() && info->errno_value == error;
}

}  // namespace

bool operator==(const ErrorInfo& a, const ErrorInfo& b) {
  return a.kind == b.kind && a.op == b.op && a.network == b.network &&
         a.source == b.source && a.addr == b.addr && a.syscall == b.syscall &&
         a.errno_value == b.errno_value && a.bytes_done == b.bytes_done &&
         a.injected_by == b.injected_by && a.detail == b.detail;
}

absl::Status ErrnoError(ErrorInfo info, absl::string_view syscall, int error) {
  const Code code = CodeForErrno(syscall, error);
  if (code == Code::kUnimplemented) info.kind = ErrorKind::kUnsupported;
  info.syscall = std::string(syscall);
  info.errno_value = error;
  std::string cause = ErrnoText(error);
  if (!syscall.empty()) cause = absl::StrCat(syscall, ": ", cause);
  return OpError(code, std::move(info), cause);
}

std::string OpText(const ErrorInfo& info) {
  std::string text = info.op;
  if (!info.network.empty()) Append(" ", info.network, text);
  if (info.source.has_value()) Append(" ", info.source.ToString(), text);
  if (info.addr.has_value()) {
    Append(info.source.has_value() ? "->" : " ", info.addr.ToString(), text);
  }
  return text;
}

absl::Status OpError(absl::StatusCode code, ErrorInfo info,
                     absl::string_view cause) {
  return WithErrorInfo(absl::Status(code, ErrorText(info, cause)), info);
}

absl::Status EofError() {
  static const absl::Status* const eof = [] {
    ErrorInfo info;
    info.kind = ErrorKind::kEof;
    return new absl::Status(WithErrorInfo(absl::OutOfRangeError("EOF"), info));
  }();
  return *eof;
}

absl::Status ClosedError(ErrorInfo info) {
  info.kind = ErrorKind::kClosed;
  return OpError(Code::kCancelled, std::move(info),
                 "use of closed network connection");
}

absl::Status TimeoutError(ErrorInfo info) {
  if (info.kind != ErrorKind::kScopeTimeout) info.kind = ErrorKind::kTimeout;
  return OpError(Code::kDeadlineExceeded, std::move(info), "i/o timeout");
}

absl::Status CancelledError(ErrorInfo info) {
  info.kind = ErrorKind::kCancelled;
  return OpError(Code::kCancelled, std::move(info), "operation was canceled");
}

absl::Status UnsupportedError(ErrorInfo info, absl::string_view what) {
  info.kind = ErrorKind::kUnsupported;
  return OpError(Code::kUnimplemented, std::move(info),
                 absl::StrCat(what, " not supported"));
}

absl::StatusCode CodeForErrno(absl::string_view syscall, int error) {
  for (const ErrnoRow& row : kErrnoTable) {
    if (row.error != error) continue;
    if (row.syscall == nullptr || row.syscall == syscall) return row.code;
  }
  return Code::kInternal;
}

std::optional<ErrorInfo> GetErrorInfo(const absl::Status& status) {
  auto payload = status.GetPayload(kTypeUrl);
  if (!payload.has_value()) return std::nullopt;
  return DecodeErrorInfo(payload->Flatten());
}

absl::Status WithErrorInfo(absl::Status status, const ErrorInfo& info) {
  status.SetPayload(kTypeUrl, absl::Cord(EncodeErrorInfo(info)));
  return status;
}

absl::Status Annotate(const absl::Status& status, absl::string_view prefix) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(),
                         absl::StrCat(prefix, ": ", status.message()));
  status.ForEachPayload(
      [&annotated](absl::string_view type_url, const absl::Cord& payload) {
        annotated.SetPayload(type_url, payload);
      });
  return annotated;
}

uint64_t BytesDone(const absl::Status& status) {
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  return info.has_value() ? info->bytes_done : 0;
}

bool IsEof(const absl::Status& status) {
  return KindOf(status) == ErrorKind::kEof;
}

bool IsClosed(const absl::Status& status) {
  return KindOf(status) == ErrorKind::kClosed;
}

bool IsTimeout(const absl::Status& status) {
  const ErrorKind kind = KindOf(status);
  return kind == ErrorKind::kTimeout || kind == ErrorKind::kScopeTimeout;
}

bool IsCancelledCall(const absl::Status& status) {
  return KindOf(status) == ErrorKind::kCancelled;
}

bool IsRefused(const absl::Status& status) {
  return IsErrno(status, ECONNREFUSED);
}

bool IsReset(const absl::Status& status) { return IsErrno(status, ECONNRESET); }

bool IsBrokenPipe(const absl::Status& status) { return IsErrno(status, EPIPE); }

bool IsAddressInUse(const absl::Status& status) {
  return IsErrno(status, EADDRINUSE);
}

bool IsNoSuchHost(const absl::Status& status) {
  return KindOf(status) == ErrorKind::kNoSuchHost;
}

bool IsUnsupported(const absl::Status& status) {
  return KindOf(status) == ErrorKind::kUnsupported;
}

}  // namespace plumb
