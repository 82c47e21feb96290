#include "backends/fake/udp_hub.h"

#include <algorithm>
#include <cstring>

#include "absl/algorithm/container.h"
#include "absl/time/time.h"
#include "transport/direction.h"

namespace plumb {
namespace {

size_t Cost(size_t size) { return size + UdpListenOptions::kDatagramOverhead; }

MonotonicNanos After(MonotonicNanos now, MonotonicNanos duration) {
  return duration > kNever - now ? kNever : now + duration;
}

}  // namespace

UdpHub::UdpHub(Clock& clock, std::shared_ptr<const CallNames> names,
               const UdpListenOptions& options, size_t backlog)
    : clock_(clock),
      accept_state_(clock, std::move(names)),
      options_(options),
      backlog_(backlog),
      // Saturates, at kNever for absl::InfiniteDuration().
      idle_nanos_(absl::ToInt64Nanoseconds(options.idle_timeout)) {}

void UdpHub::HoldLease(Lease lease) {
  SystemMutexLock lock(&mutex_);
  lease_ = std::move(lease);
}

void UdpHub::AddUser() {
  SystemMutexLock lock(&mutex_);
  ++users_;
}

void UdpHub::RemoveUser() {
  Lease released;
  SystemMutexLock lock(&mutex_);
  if (--users_ == 0) released = std::move(lease_);
}

DatagramSink::Verdict UdpHub::Deliver(const Addr& from, Datagram& datagram,
                                      const std::shared_ptr<CallState>&) {
  Peer reader;
  std::vector<Peer> expired;
  {
    SystemMutexLock lock(&mutex_);
    Sweep(&expired);
    const size_t cost =
        Cost(std::min(datagram.data.size(), options_.max_datagram));
    auto it = peers_.find(*from.ip_port());
    Peer peer = it != peers_.end() ? it->second : nullptr;
    if (peer == nullptr) {
      peer = AddNewcomer(from, cost);
      if (peer == nullptr) {
        ++counters_.dropped_newcomers;
        // The socket is there as long as one of its Conns.
        return Verdict::kDropped;
      }
    } else {
      reader = peer;
      peer->last_active = clock_.MonotonicNow();
      const bool full = !peer->queue.empty() &&
                        peer->queued_bytes + cost > options_.peer_queue_bytes;
      if (full || queued_bytes_ + cost > options_.total_queue_bytes) {
        ++counters_.dropped_datagrams;
        return Verdict::kDropped;
      }
    }
    peer->queued_bytes += cost;
    queued_bytes_ += cost;
    peer->queue.push_back(std::move(datagram.data));
  }
  for (const Peer& peer : expired) peer->state.Signal(Direction::kRead);
  CallState& waits = reader != nullptr ? reader->state : accept_state_;
  waits.Signal(Direction::kRead);
  return Verdict::kTaken;
}

UdpHub::Peer UdpHub::AddNewcomer(const Addr& from, size_t cost) {
  if (!listening_ || peers_.size() >= options_.max_peers ||
      newcomers_.size() >= backlog_ ||
      queued_bytes_ + cost > options_.total_queue_bytes) {
    return nullptr;
  }
  const CallNames& listener = *accept_state_.names();
  auto names = std::make_shared<CallNames>();
  names->network = listener.network;
  names->source = listener.addr;
  names->addr = Addr::Ip(AddrNetwork(listener.network), *from.ip_port());
  auto peer = std::make_shared<UdpHubPeer>(clock_, std::move(names));
  peer->last_active = clock_.MonotonicNow();
  next_sweep_ = std::min(next_sweep_, After(peer->last_active, idle_nanos_));
  peers_.emplace(*from.ip_port(), peer);
  newcomers_.push_back(peer);
  return peer;
}

bool UdpHub::IsIdle(const UdpHubPeer& peer) const {
  return idle_nanos_ != kNever &&
         clock_.MonotonicNow() >= After(peer.last_active, idle_nanos_);
}

void UdpHub::Sweep(std::vector<Peer>* expired) {
  if (clock_.MonotonicNow() < next_sweep_) return;
  next_sweep_ = kNever;
  for (const auto& entry : peers_) {
    if (IsIdle(*entry.second)) {
      expired->push_back(entry.second);
    } else {
      next_sweep_ =
          std::min(next_sweep_, After(entry.second->last_active, idle_nanos_));
    }
  }
  for (const Peer& peer : *expired) Expire(peer);
}

void UdpHub::Expire(const Peer& peer) {
  peer->expired = true;
  ++counters_.expired_peers;
  Unlist(peer);
  auto it = absl::c_find(newcomers_, peer);
  if (it == newcomers_.end()) return;
  newcomers_.erase(it);
  Drop(*peer);
}

void UdpHub::Unlist(const Peer& peer) {
  auto it = peers_.find(*peer->state.names()->addr.ip_port());
  if (it != peers_.end() && it->second == peer) peers_.erase(it);
}

void UdpHub::Drop(UdpHubPeer& peer) {
  queued_bytes_ -= peer.queued_bytes;
  peer.queued_bytes = 0;
  peer.queue.clear();
}

UdpHub::Taken UdpHub::LookLocked(const Peer& peer) {
  Taken taken;
  if (!peer->queue.empty()) {
    taken.kind = Taken::kDatagram;
    return taken;
  }
  if (!peer->expired && IsIdle(*peer)) Expire(peer);
  if (peer->expired) taken.kind = Taken::kEnd;
  taken.ask_again = After(peer->last_active, idle_nanos_);
  return taken;
}

UdpHub::Taken UdpHub::Look(const Peer& peer) {
  SystemMutexLock lock(&mutex_);
  return LookLocked(peer);
}

UdpHub::Taken UdpHub::Take(const Peer& peer, absl::Span<char> buffer) {
  SystemMutexLock lock(&mutex_);
  Taken taken = LookLocked(peer);
  if (taken.kind != Taken::kDatagram) return taken;
  const std::string& data = peer->queue.front();
  const size_t kept = std::min(data.size(), options_.max_datagram);
  taken.full_size = data.size();
  taken.size = std::min(buffer.size(), kept);
  if (taken.size > 0) std::memcpy(buffer.data(), data.data(), taken.size);
  peer->queued_bytes -= Cost(kept);
  queued_bytes_ -= Cost(kept);
  peer->queue.pop_front();
  return taken;
}

UdpHub::Peer UdpHub::TakeNewcomer() {
  std::vector<Peer> expired;  // those in a Read have an alarm of their own
  SystemMutexLock lock(&mutex_);
  Sweep(&expired);
  if (newcomers_.empty()) return nullptr;
  Peer peer = std::move(newcomers_.front());
  newcomers_.pop_front();
  ++users_;
  return peer;
}

void UdpHub::StopListening() {
  SystemMutexLock lock(&mutex_);
  listening_ = false;
  for (const Peer& peer : newcomers_) {
    Unlist(peer);
    Drop(*peer);
  }
  newcomers_.clear();
}

void UdpHub::Remove(const Peer& peer) {
  SystemMutexLock lock(&mutex_);
  Unlist(peer);
  Drop(*peer);
}

void UdpHub::Touch(const Peer& peer) {
  SystemMutexLock lock(&mutex_);
  // A peer that has been idle too long is not brought back by a Write.
  if (!peer->expired && IsIdle(*peer)) Expire(peer);
  peer->last_active = clock_.MonotonicNow();
}

UdpListenerCounters UdpHub::Counters() {
  std::vector<Peer> expired;
  UdpListenerCounters counters;
  {
    SystemMutexLock lock(&mutex_);
    Sweep(&expired);
    counters = counters_;
    counters.peers = peers_.size();
    counters.queued_bytes = queued_bytes_;
  }
  for (const Peer& peer : expired) peer->state.Signal(Direction::kRead);
  return counters;
}

size_t UdpHub::Newcomers() const {
  SystemMutexLock lock(&mutex_);
  return newcomers_.size();
}

NetstatRow UdpHub::Row() const {
  const CallNames& names = *accept_state_.names();
  NetstatRow row;
  row.network = names.network;
  row.local = names.addr;
  SystemMutexLock lock(&mutex_);
  row.unread = queued_bytes_;
  return row;
}

}  // namespace plumb
