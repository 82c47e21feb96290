// The names that unix sockets are bound to on a host of a fake network: paths
// of its own, which no file system has, and abstract names.
#ifndef PLUMB_BACKENDS_FAKE_UNIX_NAMES_H_
#define PLUMB_BACKENDS_FAKE_UNIX_NAMES_H_

#include <string>

#include "absl/strings/string_view.h"
#include "backends/fake/lease.h"
#include "backends/fake/network_state.h"

namespace plumb {

// Whether `*name` can be bound by a socket of `type`; an empty one becomes one
// that is free, as the kernel's autobind does it. A stale file is removed when
// `replace_stale`. Returns 0, EADDRINUSE or EINVAL.
int ChooseUnixName(const HostRef& host, UnixNode::Type type, bool replace_stale,
                   std::string* name)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(host.network->mutex);

// Binds `node` to what was chosen; its id.
uint64_t BindUnixName(const HostRef& host, const std::string& name,
                      UnixNode node)
    ABSL_EXCLUSIVE_LOCKS_REQUIRED(host.network->mutex);

// Keeps it bound. A path stays, as a stale file, unless `unlink`.
Lease UnixLease(const HostRef& host, const std::string& name,
                UnixNode::Type type, uint64_t id, bool unlink);

// What is bound to `name` for sockets of `type`. Returns 0 or the errno of
// connect(2).
int FindUnixNode(const HostRef& host, absl::string_view name,
                 UnixNode::Type type, UnixNode* node);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_UNIX_NAMES_H_
