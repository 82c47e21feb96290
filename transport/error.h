// What went wrong, in three forms that agree: the absl::StatusCode, by which a
// caller decides what to do; the text, which is the text that Go's net package
// prints; and an ErrorInfo inside the status, for programs that want the parts.
//
//   absl::StatusOr<size_t> n = conn->Read(buffer);
//   if (plumb::IsEof(n.status())) return absl::OkStatus();  // all was read
//   if (plumb::IsTimeout(n.status())) ...                   // try again?
//   if (!n.ok()) {
//     LOG(ERROR) << n.status().message();
//     // "read tcp 10.0.0.1:9->10.0.0.2:80: read: connection reset by peer"
//     const int number = plumb::GetErrorInfo(n.status())->errno_value;
//   }
//
// The one table of codes, for every backend:
//
//   OutOfRange          end of stream (IsEof)
//   DataLoss            end of stream inside ReadFull
//   Cancelled           this end was closed (IsClosed); a scope was cancelled
//                       (IsCancelledCall)
//   DeadlineExceeded    a connection's or a scope's deadline has passed
//                       (IsTimeout); never the kernel's ETIMEDOUT
//   Unavailable         refused, reset, broken pipe, unreachable, the kernel's
//                       timeout, name server trouble, no address left to
//                       connect from: trying later may help
//   InvalidArgument     bad address, unknown network, message too long, an
//                       address that is not ours in bind
//   FailedPrecondition  write after one's own CloseWrite, not connected
//   NotFound            no such host, no such socket file
//   AlreadyExists       address in use
//   ResourceExhausted   out of descriptors, memory or buffers
//   PermissionDenied    permission
//   Unimplemented       this backend cannot do that
//   Internal            any other errno, named
//
// The predicates below look at the ErrorInfo and so hold only for errors of
// this library: somebody else's OutOfRange is never IsEof.
//
// Wrapping: the ErrorInfo is a payload of the status, under the type URL
// "plumb/ErrorInfo". Annotate keeps it, and so does any other library that
// copies payloads into the status it makes (ForEachPayload, SetPayload), even
// when it changes the code. One that keeps only the code and the text loses it,
// and with it the predicates.
#ifndef PLUMB_TRANSPORT_ERROR_H_
#define PLUMB_TRANSPORT_ERROR_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "transport/addr.h"

namespace plumb {

// The kinds of failure that a program may want to tell apart.
enum class ErrorKind : uint8_t {
  kOther = 0,      // see the code and errno_value
  kEof,            // the peer has finished; says nothing else
  kUnexpectedEof,  // the peer finished in the middle
  kClosed,         // this end was closed
  kCancelled,      // a scope was cancelled
  kTimeout,        // a connection's deadline passed
  kScopeTimeout,   // a scope's deadline passed
  kNoSuchHost,     // name resolution: there is no such name
  kUnsupported,    // this backend cannot do that
};

// The parts of an error. What does not apply is empty, 0 or unset.
struct ErrorInfo {
  ErrorKind kind = ErrorKind::kOther;
  std::string op;       // "dial", "listen", "accept", "read", "write", "close",
                        // "set", "get", "lookup", "sleep", "wait", "acquire",
                        // "send", "receive", "select", "register", "remove"
  std::string network;  // as the caller gave it to Dial, or the address's
  Addr source;          // this end
  Addr addr;            // the other end, or the address of a listener
  std::string syscall;  // "connect"
  int errno_value = 0;  // ECONNREFUSED
  uint64_t bytes_done = 0;  // what a failed Write had written, what ReadFull or
                            // Copy had moved; of a cut datagram, its full size
  std::string injected_by;  // the fault rule that made it up; empty when real
  std::string detail;       // what else: the known networks, the bad option

  friend bool operator==(const ErrorInfo& a, const ErrorInfo& b);
};

// `op network source->addr: cause`, each part only when there is one, as Go
// prints an OpError. The cause is `syscall: strerror` for an errno.
//
// The errno's code comes from the table above. `info.op` and `info.network`
// must be set.
absl::Status ErrnoError(ErrorInfo info, absl::string_view syscall, int error);

// The same with a cause in words; `info.kind` may be set.
absl::Status OpError(absl::StatusCode code, ErrorInfo info,
                     absl::string_view cause);

// What such a text has before the cause.
std::string OpText(const ErrorInfo& info);

// Fixed causes, each with its code and Go's text:
absl::Status ClosedError(ErrorInfo info);  // "use of closed network connection"
absl::Status TimeoutError(ErrorInfo info);    // "i/o timeout"; kind kTimeout
                                              // unless already kScopeTimeout
absl::Status CancelledError(ErrorInfo info);  // "operation was canceled"
absl::Status UnsupportedError(ErrorInfo info, absl::string_view what);
// "`what` not supported"

// The end of a stream. No failure, and every stream has one: so it has the text
// "EOF" alone, as in Go, and an ErrorInfo with nothing but the kind, and costs
// as little as the copy of a pointer.
absl::Status EofError();

// The code for an errno. `syscall` matters for a few: EADDRNOTAVAIL is
// InvalidArgument from bind and Unavailable from connect.
absl::StatusCode CodeForErrno(absl::string_view syscall, int error);

// The parts of an error of this library; nullopt for OK and foreign statuses.
std::optional<ErrorInfo> GetErrorInfo(const absl::Status& status);

// `status` with `info` in place of the one it has.
absl::Status WithErrorInfo(absl::Status status, const ErrorInfo& info);

// `status` with "`prefix`: " before its text; code and payloads are kept.
absl::Status Annotate(const absl::Status& status, absl::string_view prefix);

// ErrorInfo::bytes_done: how many bytes a failed Write had written, or ReadFull
// or Copy had moved. 0 for OK and foreign statuses.
uint64_t BytesDone(const absl::Status& status);

bool IsEof(const absl::Status& status);
bool IsClosed(const absl::Status& status);         // this end was closed
bool IsTimeout(const absl::Status& status);        // a deadline passed
bool IsCancelledCall(const absl::Status& status);  // a scope was cancelled
bool IsRefused(const absl::Status& status);        // ECONNREFUSED
bool IsReset(const absl::Status& status);          // ECONNRESET
bool IsBrokenPipe(const absl::Status& status);     // EPIPE
bool IsAddressInUse(const absl::Status& status);   // EADDRINUSE
bool IsNoSuchHost(const absl::Status& status);
bool IsUnsupported(const absl::Status& status);  // this backend cannot

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_ERROR_H_
