// The ports of one protocol on one host: who is bound where, as Linux has it.
// What is bound is a T, shared; a reservation alone, as of a dialled
// connection, is a null one.
//
//   PortTable<ListenQueue> ports({32768, 60999});
//   uint16_t port = 0;
//   int error = ports.Choose(AddressSet::AnyV4(), &port, kAlone, EADDRINUSE);
//   uint64_t id = ports.Bind(AddressSet::AnyV4(), port, kAlone, queue);
//
// Threads: none of its own; the network's mutex guards it.
#ifndef PLUMB_BACKENDS_FAKE_PORT_TABLE_H_
#define PLUMB_BACKENDS_FAKE_PORT_TABLE_H_

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "backends/fake/address_set.h"
#include "transport/ip_addr.h"

namespace plumb {

// The ports that are given out for port 0, both included.
struct PortRange {
  uint16_t first;
  uint16_t last;
};

// With whom a port is shared; bits.
enum PortSharing : uint8_t {
  kAlone = 0,
  kReusePort = 1,     // SO_REUSEPORT: those who set it, too
  kReuseAddress = 2,  // SO_REUSEADDR, of udp: the same
};

inline PortSharing operator|(PortSharing a, PortSharing b) {
  return static_cast<PortSharing>(uint8_t{a} | uint8_t{b});
}

// Who has to share a port by SO_REUSEPORT: all whose address overlaps, or the
// one of them that is asked first, as Linux has it for udp.
enum class PortConflicts : uint8_t { kWithAny, kWithFirst };

template <typename T>
class PortTable {
 public:
  explicit PortTable(PortRange ephemeral,
                     PortConflicts conflicts = PortConflicts::kWithAny)
      : ephemeral_(ephemeral), conflicts_(conflicts), next_(ephemeral.first) {}

  // Whether `*port` of `where` can be bound; chooses a free one when it is 0.
  // Shared with others only when they have a bit of `share` in common. Returns
  // 0, EADDRINUSE, or `exhausted` when no port is free.
  int Choose(const AddressSet& where, uint16_t* port, PortSharing share,
             int exhausted) {
    if (*port == 0) return FindFree(where, port) ? 0 : exhausted;
    return IsFree(where, *port, share) ? 0 : EADDRINUSE;
  }

  // Binds `target` to what was chosen; the id is for Unbind.
  uint64_t Bind(const AddressSet& where, uint16_t port, PortSharing share,
                std::shared_ptr<T> target) {
    ports_[port].push_back({++last_id_, where, share, std::move(target)});
    return last_id_;
  }

  void Unbind(uint16_t port, uint64_t id) {
    auto it = ports_.find(port);
    if (it == ports_.end()) return;
    auto& bindings = it->second;
    for (size_t i = 0; i < bindings.size(); ++i) {
      if (bindings[i].id != id) continue;
      bindings.erase(bindings.begin() + i);
      break;
    }
    if (bindings.empty()) ports_.erase(it);
  }

  // Whether anybody is bound to `port`, at whatever address.
  bool IsBound(uint16_t port) const { return ports_.contains(port); }

  // Who gets what is for `ip` and `port`, the one with the closest address; of
  // several who share that by SO_REUSEPORT always the same for one `source`,
  // else the last one. Null when there is nobody.
  std::shared_ptr<T> Find(const IpAddr& ip, uint16_t port,
                          uint16_t source) const {
    auto it = ports_.find(port);
    if (it == ports_.end()) return nullptr;
    absl::InlinedVector<const Binding*, 4> found;
    int closest = -1;
    for (const Binding& binding : it->second) {
      if (binding.target == nullptr || !binding.where.Contains(ip)) continue;
      const int closeness = binding.where.Closeness(ip);
      if (closeness > closest) found.clear();
      closest = std::max(closest, closeness);
      if (closeness == closest) found.push_back(&binding);
    }
    if (found.empty()) return nullptr;
    const bool spread = (found.back()->share & kReusePort) != 0;
    return spread ? found[source % found.size()]->target : found.back()->target;
  }

  // All who get what is for `ip` and `port`, a broadcast or a group.
  std::vector<std::shared_ptr<T>> FindAll(const IpAddr& ip,
                                          uint16_t port) const {
    std::vector<std::shared_ptr<T>> found;
    auto it = ports_.find(port);
    if (it == ports_.end()) return found;
    for (const Binding& binding : it->second) {
      if (binding.target != nullptr && binding.where.Contains(ip)) {
        found.push_back(binding.target);
      }
    }
    return found;
  }

 private:
  struct Binding {
    uint64_t id;
    AddressSet where;
    PortSharing share;
    std::shared_ptr<T> target;
  };

  // Who has to share it, in the order in which Linux asks: the last one first,
  // but who shares by IPv6 after all others.
  absl::InlinedVector<const Binding*, 4> Asked(uint16_t port) const {
    absl::InlinedVector<const Binding*, 4> asked;
    auto it = ports_.find(port);
    if (it == ports_.end()) return asked;
    for (const Binding& binding : it->second) asked.push_back(&binding);
    std::reverse(asked.begin(), asked.end());
    const auto tail = std::stable_partition(
        asked.begin(), asked.end(), [](const Binding* one) {
          return one->where.ip().is_v4() || (one->share & kReusePort) == 0;
        });
    std::reverse(tail, asked.end());
    return asked;
  }

  bool IsFree(const AddressSet& where, uint16_t port, PortSharing share) const {
    for (const Binding* binding : Asked(port)) {
      if (!binding->where.Overlaps(where)) continue;
      const int shared = share & binding->share;
      if (shared == 0) return false;
      const bool by_port = (shared & kReuseAddress) == 0;
      if (by_port && conflicts_ == PortConflicts::kWithFirst) return true;
    }
    return true;
  }

  bool FindFree(const AddressSet& where, uint16_t* port) {
    const int count = ephemeral_.last - ephemeral_.first + 1;
    for (int i = 0; i < count; ++i) {
      const uint16_t candidate = next_;
      next_ = next_ == ephemeral_.last ? ephemeral_.first : next_ + 1;
      if (!IsFree(where, candidate, kAlone)) continue;
      *port = candidate;
      return true;
    }
    return false;
  }

  const PortRange ephemeral_;
  const PortConflicts conflicts_;
  uint16_t next_;
  uint64_t last_id_ = 0;
  absl::flat_hash_map<uint16_t, absl::InlinedVector<Binding, 1>> ports_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_PORT_TABLE_H_
