// Binding a unix socket to a name: the mode of its file, and files that dead
// listeners left.
//
// Threads: any.
#ifndef PLUMB_BACKENDS_UNIX_UNIX_BIND_H_
#define PLUMB_BACKENDS_UNIX_UNIX_BIND_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "transport/unix_options.h"

namespace plumb {

// Binds `fd`, a new socket of `type`, to `name`. Errors: causes for ForOp.
//
// With replace_stale, a socket file at `name` that a connect of the same type
// finds refused is removed first; any other file, and a socket that somebody
// listens on (unixgram: is bound to), stay, and the address is in use. A
// listener between its bind and its listen is refused too: two programs that
// start on the same file at the same moment may take it from each other.
//
// With a mode, no more than it is ever allowed, and all of it before this
// returns. What the umask forbids of it is allowed by a chmod(2), by way of
// /proc, of a socket file of this user's at `name` and of nothing else: who may
// write to the directory can at most have it done to another socket of this
// user's that he links there, which Linux by default lets nobody link who may
// not write to it (proc(5), protected_hardlinks).
absl::Status BindUnixName(int fd, int type, const std::string& name,
                          const UnixListenOptions& options);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UNIX_UNIX_BIND_H_
