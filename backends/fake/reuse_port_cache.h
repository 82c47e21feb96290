// What Linux remembers of who last shared a tcp port by SO_REUSEPORT, and asks
// before it looks at those who are bound (fastreuseport of its bind buckets,
// which no man page has). It lets in who is like the last one, even where
// another that does not share would be in the way:
//
//   [::1]:80, alone; then 0.0.0.0:80 and [::]:80, which share
//
// Threads: none of its own; the network's mutex guards it.
#ifndef PLUMB_BACKENDS_FAKE_REUSE_PORT_CACHE_H_
#define PLUMB_BACKENDS_FAKE_REUSE_PORT_CACHE_H_

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "backends/fake/address_set.h"
#include "backends/fake/port_table.h"

namespace plumb {

class ReusePortCache {
 public:
  // Whether one that sets SO_REUSEPORT gets `port` of `where` unasked. Of a
  // port that somebody has.
  bool Admits(uint16_t port, const AddressSet& where) const;

  // `port` was bound; `first` when nobody else had it.
  void NoteBound(uint16_t port, const AddressSet& where, PortSharing share,
                 bool first);

 private:
  struct Last {
    AddressSet where;
    bool alike;  // all who have the port share it
  };

  absl::flat_hash_map<uint16_t, Last> last_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_REUSE_PORT_CACHE_H_
