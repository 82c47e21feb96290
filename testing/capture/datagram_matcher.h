// Tells a datagram that both its sender and its receiver have seen from two, so
// that it is written down once.
//
//   if (!matcher.SeenBefore(DatagramHash(from, to, data), kSent)) record it;
//
// It knows the last 4096 that were seen at one end alone, by a hash of the
// ports or names and the data; who is matched too late is written down twice.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_CAPTURE_DATAGRAM_MATCHER_H_
#define PLUMB_TESTING_CAPTURE_DATAGRAM_MATCHER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "transport/addr.h"

namespace plumb {

enum class DatagramSide : uint8_t { kSent, kReceived };

class DatagramMatcher {
 public:
  // True when the other side has seen one of that hash that this side has not.
  bool SeenBefore(uint64_t hash, DatagramSide side);

 private:
  struct Entry {
    int64_t balance = 0;  // sent less received
    uint64_t last = 0;
  };

  absl::flat_hash_map<uint64_t, Entry> entries_;     // balance is not 0
  std::deque<std::pair<uint64_t, uint64_t>> order_;  // hash, its Entry::last
  uint64_t last_ = 0;
};

// Of IP addresses the ports count alone, since a socket at "any address" does
// not know which one it has.
uint64_t DatagramHash(const Addr& from, const Addr& to, absl::string_view data);

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_DATAGRAM_MATCHER_H_
