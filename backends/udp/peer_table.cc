#include "backends/udp/peer_table.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/algorithm/container.h"
#include "absl/time/time.h"

namespace plumb {
namespace {

// What is kept for reuse: as many datagrams, of at most as many bytes.
constexpr size_t kMaxSpare = 256;
constexpr size_t kMaxSpareBytes = 2048;

size_t Cost(size_t size) { return size + UdpListenOptions::kDatagramOverhead; }

MonotonicNanos ToNanos(absl::Duration idle_timeout) {
  const int64_t nanos = absl::ToInt64Nanoseconds(idle_timeout);
  return nanos == std::numeric_limits<int64_t>::max() ? kNever : nanos;
}

MonotonicNanos After(MonotonicNanos now, MonotonicNanos duration) {
  return duration > kNever - now ? kNever : now + duration;
}

}  // namespace

PeerTable::PeerTable(Clock& clock, std::shared_ptr<const CallNames> listener,
                     const UdpListenOptions& options, size_t backlog)
    : clock_(clock),
      listener_(std::move(listener)),
      options_(options),
      backlog_(backlog),
      idle_nanos_(ToNanos(options.idle_timeout)) {}

void PeerTable::Deliver(absl::Span<const Arrival> arrivals, Wakeups& wakeups) {
  const MonotonicNanos now = clock_.MonotonicNow();
  SystemMutexLock lock(&mutex_);
  for (const Arrival& arrival : arrivals) DeliverOne(arrival, now, wakeups);
}

void PeerTable::DeliverOne(const Arrival& arrival, MonotonicNanos now,
                           Wakeups& wakeups) {
  const IpPort* const key = arrival.addr.ip_port();
  if (key == nullptr) return;
  auto it = peers_.find(*key);
  if (it == peers_.end()) {
    const std::shared_ptr<UdpPeer> peer = AddNewcomer(arrival, now);
    if (peer == nullptr) {
      ++counters_.dropped_newcomers;
    } else {
      Push(*peer, arrival);
      wakeups.accept = true;
    }
    return;
  }
  UdpPeer& peer = *it->second;
  peer.last_active_.store(now, std::memory_order_relaxed);
  if (!HasRoom(peer, Cost(arrival.data.size()))) {
    ++counters_.dropped_datagrams;
    return;
  }
  // A reader that waits has seen the queue empty, and has been told of its
  // first datagram.
  if (peer.queue_.empty()) wakeups.readers.push_back(it->second);
  Push(peer, arrival);
}

std::shared_ptr<UdpPeer> PeerTable::AddNewcomer(const Arrival& arrival,
                                                MonotonicNanos now) {
  if (!listening_ || peers_.size() >= options_.max_peers ||
      newcomers_.size() >= backlog_ ||
      queued_bytes_ + Cost(arrival.data.size()) > options_.total_queue_bytes) {
    return nullptr;
  }
  auto names = std::make_shared<CallNames>(*listener_);
  names->source = listener_->addr;
  names->addr = arrival.addr;
  auto peer =
      std::make_shared<UdpPeer>(clock_, std::move(names), *arrival.from);
  peer->last_active_.store(now, std::memory_order_relaxed);
  LookAt(*peer, After(now, idle_nanos_));
  peers_.emplace(*arrival.addr.ip_port(), peer);
  newcomers_.push_back(peer);
  return peer;
}

bool PeerTable::HasRoom(const UdpPeer& peer, size_t cost) const {
  if (queued_bytes_ + cost > options_.total_queue_bytes) return false;
  return peer.queue_.empty() ||
         peer.queued_bytes_ + cost <= options_.peer_queue_bytes;
}

void PeerTable::Push(UdpPeer& peer, const Arrival& arrival) {
  if (spare_.empty()) spare_.emplace_back();
  UdpPeer::Datagram& datagram = spare_.front();
  datagram.data.assign(arrival.data.data(), arrival.data.size());
  datagram.full_size = arrival.full_size;
  peer.queue_.splice(peer.queue_.end(), spare_, spare_.begin());
  const size_t cost = Cost(arrival.data.size());
  peer.queued_bytes_ += cost;
  queued_bytes_ += cost;
}

void PeerTable::Pop(UdpPeer& peer) {
  UdpPeer::Datagram& datagram = peer.queue_.front();
  const size_t cost = Cost(datagram.data.size());
  peer.queued_bytes_ -= cost;
  queued_bytes_ -= cost;
  if (spare_.size() < kMaxSpare && datagram.data.capacity() <= kMaxSpareBytes) {
    spare_.splice(spare_.begin(), peer.queue_, peer.queue_.begin());
  } else {
    peer.queue_.pop_front();
  }
}

void PeerTable::DropQueue(UdpPeer& peer) {
  while (!peer.queue_.empty()) Pop(peer);
}

void PeerTable::Expire(Wakeups& wakeups) {
  const MonotonicNanos now = clock_.MonotonicNow();
  SystemMutexLock lock(&mutex_);
  while (!due_.empty() && due_.begin()->first <= now) {
    UdpPeer& peer = *due_.begin()->second;
    const MonotonicNanos idle_until =
        After(peer.last_active_.load(std::memory_order_relaxed), idle_nanos_);
    if (idle_until > now) {
      LookAt(peer, idle_until);
      continue;
    }
    ++counters_.expired_peers;
    const std::shared_ptr<UdpPeer> alive =
        peers_.at(*peer.state.names()->addr.ip_port());
    Unlist(peer);
    peer.expired_ = true;
    if (UnlistNewcomer(peer)) {
      DropQueue(peer);
    } else {
      wakeups.readers.push_back(alive);
    }
  }
}

MonotonicNanos PeerTable::next_expiry() const {
  SystemMutexLock lock(&mutex_);
  return due_.empty() ? kNever : due_.begin()->first;
}

void PeerTable::LookAt(UdpPeer& peer, MonotonicNanos when) {
  if (peer.look_at_ != kNever) due_.erase({peer.look_at_, &peer});
  peer.look_at_ = when;
  if (when != kNever) due_.insert({when, &peer});
}

std::optional<PeerTable::Taken> PeerTable::Take(UdpPeer& peer,
                                                absl::Span<char> buffer) {
  SystemMutexLock lock(&mutex_);
  Taken taken;
  if (peer.queue_.empty()) {
    if (!peer.expired_) return std::nullopt;
    taken.end = true;
    return taken;
  }
  const UdpPeer::Datagram& datagram = peer.queue_.front();
  taken.size = std::min(buffer.size(), datagram.data.size());
  taken.full_size = datagram.full_size;
  std::memcpy(buffer.data(), datagram.data.data(), taken.size);
  Pop(peer);
  return taken;
}

bool PeerTable::Readable(const UdpPeer& peer) const {
  SystemMutexLock lock(&mutex_);
  return peer.expired_ || !peer.queue_.empty();
}

std::shared_ptr<UdpPeer> PeerTable::TakeNewcomer() {
  SystemMutexLock lock(&mutex_);
  if (newcomers_.empty()) return nullptr;
  std::shared_ptr<UdpPeer> peer = std::move(newcomers_.front());
  newcomers_.pop_front();
  return peer;
}

void PeerTable::StopListening() {
  SystemMutexLock lock(&mutex_);
  listening_ = false;
  for (const std::shared_ptr<UdpPeer>& peer : newcomers_) {
    Unlist(*peer);
    DropQueue(*peer);
  }
  newcomers_.clear();
}

void PeerTable::Remove(UdpPeer& peer) {
  SystemMutexLock lock(&mutex_);
  Unlist(peer);
  DropQueue(peer);
}

void PeerTable::Unlist(UdpPeer& peer) {
  LookAt(peer, kNever);
  auto it = peers_.find(*peer.state.names()->addr.ip_port());
  if (it != peers_.end() && it->second.get() == &peer) peers_.erase(it);
}

bool PeerTable::UnlistNewcomer(const UdpPeer& peer) {
  auto it = absl::c_find_if(newcomers_, [&peer](const auto& newcomer) {
    return newcomer.get() == &peer;
  });
  if (it == newcomers_.end()) return false;
  newcomers_.erase(it);
  return true;
}

UdpListenerCounters PeerTable::Counters() const {
  SystemMutexLock lock(&mutex_);
  UdpListenerCounters counters = counters_;
  counters.peers = peers_.size();
  counters.queued_bytes = queued_bytes_;
  return counters;
}

}  // namespace plumb
