#include "backends/fake/unix_names.h"

#include <cerrno>
#include <utility>

#include "absl/strings/str_format.h"
#include "transport/unix_name.h"

namespace plumb {

int ChooseUnixName(const HostRef& host, bool replace_stale, std::string* name) {
  auto& names = host.host->unix_names;
  if (name->empty()) {
    do {
      *name = absl::StrFormat("@%05x", ++host.host->last_autobind);
    } while (names.count(*name) > 0);
    return 0;
  }
  if (!UnixNameFits(*name)) return EINVAL;
  auto it = names.find(*name);
  if (it == names.end()) return 0;
  if (!replace_stale || !it->second.stale()) return EADDRINUSE;
  names.erase(it);
  return 0;
}

uint64_t BindUnixName(const HostRef& host, const std::string& name,
                      UnixNode node) {
  node.id = ++host.network->last_unix_id;
  const uint64_t id = node.id;
  host.host->unix_names[name] = std::move(node);
  return id;
}

Lease UnixLease(const HostRef& host, std::string name, uint64_t id,
                bool unlink) {
  return Lease([host, name = std::move(name), id, unlink] {
    // Destroyed after the lock is released.
    UnixNode removed;
    absl::MutexLock lock(&host.network->mutex);
    auto it = host.host->unix_names.find(name);
    if (it == host.host->unix_names.end() || it->second.id != id) return;
    removed = it->second;
    if (unlink || IsAbstractUnixName(name)) {
      host.host->unix_names.erase(it);
      return;
    }
    it->second.queue = nullptr;
    it->second.socket = nullptr;
  });
}

int FindUnixNode(const HostRef& host, absl::string_view name,
                 UnixNode::Type type, UnixNode* node) {
  if (!UnixNameFits(name)) return EINVAL;
  absl::MutexLock lock(&host.network->mutex);
  auto it = host.host->unix_names.find(std::string(name));
  if (it == host.host->unix_names.end()) {
    return IsAbstractUnixName(name) ? ECONNREFUSED : ENOENT;
  }
  if (it->second.stale()) return ECONNREFUSED;
  if (it->second.type != type) return EPROTOTYPE;
  *node = it->second;
  return 0;
}

}  // namespace plumb
