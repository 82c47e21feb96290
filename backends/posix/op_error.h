// Errors in two steps: who makes a system call knows its name and errno, who
// answers the user knows the operation and the addresses.
//
//   absl::Status bound = BindSocket(fd, address);  // "bind: address already in
//                                                  // use"
//   if (!bound.ok()) return ForOp(bound, {.op = "listen", ...});
//   // "listen tcp 127.0.0.1:80: bind: address already in use"
//
// Unstable: for backends; it may change with any release.
//
// Threads: any.
#ifndef PLUMB_BACKENDS_POSIX_OP_ERROR_H_
#define PLUMB_BACKENDS_POSIX_OP_ERROR_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "transport/error.h"

namespace plumb {

// "`syscall`: words for `error`", for ForOp.
absl::Status SyscallError(absl::string_view syscall, int error);

// `cause` as the cause of `info`'s operation: code, errno, system call and kind
// are the cause's.
absl::Status ForOp(const absl::Status& cause, ErrorInfo info);

// The errors of a Transport that is asked for a network it does not know, and
// for a Listener or PacketConn of a network that has none: InvalidArgument
// `dial foo: unknown network foo`, Unimplemented `listen udp 1.2.3.4:0:
// address 1.2.3.4:0: unexpected address type`.
absl::Status UnknownNetworkError(absl::string_view op,
                                 absl::string_view network);
absl::Status UnexpectedTypeError(absl::string_view network,
                                 absl::string_view address);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_OP_ERROR_H_
