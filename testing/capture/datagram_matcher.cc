#include "testing/capture/datagram_matcher.h"

#include "absl/hash/hash.h"

namespace plumb {
namespace {

constexpr size_t kMaxPending = 4096;

// An unnamed socket has no address at one end and "@" at the other.
absl::string_view NameOf(const Addr& addr) {
  return addr.name().empty() ? "@" : addr.name();
}

}  // namespace

bool DatagramMatcher::SeenBefore(uint64_t hash, DatagramSide side) {
  const int64_t step = side == DatagramSide::kSent ? 1 : -1;
  Entry& entry = entries_[hash];
  const bool seen = entry.balance * step < 0;
  entry.balance += step;
  if (entry.balance == 0) {
    entries_.erase(hash);
    return seen;
  }
  if (seen) return true;
  entry.last = ++last_;
  order_.emplace_back(hash, last_);
  if (order_.size() > kMaxPending) {
    const auto [oldest, last] = order_.front();
    order_.pop_front();
    auto it = entries_.find(oldest);
    if (it != entries_.end() && it->second.last == last) entries_.erase(it);
  }
  return false;
}

uint64_t DatagramHash(const Addr& from, const Addr& to,
                      absl::string_view data) {
  if (to.is_ip()) return absl::HashOf(from.port(), to.port(), data);
  return absl::HashOf(NameOf(from), NameOf(to), data);
}

}  // namespace plumb
