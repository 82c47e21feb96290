#include "backends/fake/unix_names.h"

#include <cerrno>
#include <utility>

#include "absl/strings/str_format.h"
#include "transport/unix_name.h"

namespace plumb {

namespace {

// unix(7) does not say so, but sockets of different types can have the same
// abstract name.
std::string KeyOf(absl::string_view name, UnixNode::Type type) {
  std::string key(name);
  if (IsAbstractUnixName(name)) {
    key += '\0';
    key += static_cast<char>('0' + static_cast<int>(type));
  }
  return key;
}

}  // namespace

int ChooseUnixName(const HostRef& host, UnixNode::Type type, bool replace_stale,
                   std::string* name) {
  auto& names = host.host->unix_names;
  if (name->empty()) {
    do {
      *name = absl::StrFormat("@%05x", ++host.host->last_autobind);
    } while (names.count(KeyOf(*name, type)) > 0);
    return 0;
  }
  if (!UnixNameFits(*name)) return EINVAL;
  auto it = names.find(KeyOf(*name, type));
  if (it == names.end()) return 0;
  if (!replace_stale || !it->second.stale()) return EADDRINUSE;
  names.erase(it);
  return 0;
}

uint64_t BindUnixName(const HostRef& host, const std::string& name,
                      UnixNode node) {
  node.id = ++host.network->last_unix_id;
  const uint64_t id = node.id;
  std::string key = KeyOf(name, node.type);
  host.host->unix_names[std::move(key)] = std::move(node);
  return id;
}

Lease UnixLease(const HostRef& host, const std::string& name,
                UnixNode::Type type, uint64_t id, bool unlink) {
  const bool abstract = IsAbstractUnixName(name);
  return Lease([host, key = KeyOf(name, type), id, unlink, abstract] {
    // Destroyed after the lock is released.
    UnixNode removed;
    SystemMutexLock lock(&host.network->mutex);
    auto it = host.host->unix_names.find(key);
    if (it == host.host->unix_names.end()) return;
    // unlink(2) does not ask whose file it is.
    if (it->second.id != id && (abstract || !unlink)) return;
    removed = it->second;
    if (unlink || abstract) {
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
  SystemMutexLock lock(&host.network->mutex);
  auto it = host.host->unix_names.find(KeyOf(name, type));
  if (it == host.host->unix_names.end()) {
    return IsAbstractUnixName(name) ? ECONNREFUSED : ENOENT;
  }
  if (it->second.stale()) return ECONNREFUSED;
  if (it->second.type != type) return EPROTOTYPE;
  *node = it->second;
  return 0;
}

}  // namespace plumb
