// The names of unix sockets. One that begins with '@' is abstract: no file, the
// '@' standing for the NUL byte that the kernel wants there. Any other is a
// path, and the empty one is no name: the kernel chooses (autobind).
//
//   UnixNameFits("/run/x.sock")               // true
//   UnixNameFits(std::string(108, 'x'))       // false: a path ends with a NUL
//   UnixNameFits("@" + std::string(107, 'x')) // true
//
// Threads: functions of their arguments.
#ifndef PLUMB_TRANSPORT_UNIX_NAME_H_
#define PLUMB_TRANSPORT_UNIX_NAME_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace plumb {

inline constexpr size_t kMaxUnixPath = 107;
inline constexpr size_t kMaxAbstractUnixName = 108;  // with its '@'

bool IsAbstractUnixName(absl::string_view name);

// False for what the kernel's address has no room for, and for a path with a
// NUL byte in it, which the kernel would cut there. A transport answers with
// EINVAL: `listen unix P: bind: invalid argument`.
bool UnixNameFits(absl::string_view name);

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_UNIX_NAME_H_
