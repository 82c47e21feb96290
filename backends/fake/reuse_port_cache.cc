#include "backends/fake/reuse_port_cache.h"

namespace plumb {
namespace {

// A wildcard that was there before is as good as any address; one that comes
// later is not.
bool IsAsLast(const AddressSet& last, const AddressSet& where) {
  const bool any = last.ip().IsUnspecified();
  if (last.ip().is_v4()) {
    if (where.ip().is_v4()) return any || last.ip() == where.ip();
    return where.maps_v4() && any;
  }
  if (where.ip() == last.ip()) return true;
  return any && (last.maps_v4() || where.ip().is_v6());
}

}  // namespace

bool ReusePortCache::Admits(uint16_t port, const AddressSet& where) const {
  const auto it = last_.find(port);
  if (it == last_.end()) return false;
  return it->second.alike || IsAsLast(it->second.where, where);
}

void ReusePortCache::NoteBound(uint16_t port, const AddressSet& where,
                               PortSharing share, bool first) {
  if ((share & kReusePort) == 0) {
    last_.erase(port);
    return;
  }
  if (!first && Admits(port, where)) return;
  last_.insert_or_assign(port, Last{where, first});
}

}  // namespace plumb
