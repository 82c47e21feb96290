#include "backends/fake/tcp_ports.h"

#include <algorithm>
#include <cerrno>

#include "transport/addr.h"

namespace plumb {
namespace {

// tcp_tw_reuse, which is on for the loopback alone.
constexpr MonotonicNanos kReuseAfter = 1000000000;

}  // namespace

uint16_t TcpPorts::NextCandidate() {
  const uint16_t candidate = next_;
  next_ = next_ == ephemeral_.last ? ephemeral_.first : next_ + 1;
  return candidate;
}

bool TcpPorts::IsDialledFrom(const AddressSet& where, uint16_t port) const {
  const auto it = dialled_.find(port);
  if (it == dialled_.end()) return false;
  return std::any_of(it->second.begin(), it->second.end(),
                     [&](const Dialled& one) {
                       return where.Overlaps(AddressSet::One(one.local));
                     });
}

bool TcpPorts::IsAcceptedAt(const AddressSet& where, uint16_t port) const {
  const auto it = accepted_.find(port);
  if (it == accepted_.end()) return false;
  return std::any_of(it->second.begin(), it->second.end(),
                     [&](const Accepted& one) {
                       return where.Overlaps(AddressSet::One(one.local));
                     });
}

bool TcpPorts::IsUsed(uint16_t port) const {
  return listeners_.IsBound(port) || dialled_.contains(port) ||
         accepted_.contains(port);
}

bool TcpPorts::IsFree(const AddressSet& where, uint16_t port) {
  return listeners_.Choose(where, &port, kAlone, EADDRINUSE) == 0 &&
         !IsDialledFrom(where, port) && !IsAcceptedAt(where, port);
}

int TcpPorts::ChooseForListen(const AddressSet& where, PortSharing share,
                              MonotonicNanos now, uint16_t* port) {
  Expire(now);
  if (*port != 0) {
    if ((share & kReusePort) != 0 && IsUsed(*port) &&
        reuse_port_.Admits(*port, where)) {
      return 0;
    }
    if (IsDialledFrom(where, *port)) return EADDRINUSE;
    return listeners_.Choose(where, port, share, EADDRINUSE);
  }
  for (int i = ephemeral_.first; i <= ephemeral_.last; ++i) {
    const uint16_t candidate = NextCandidate();
    if (!IsFree(where, candidate)) continue;
    *port = candidate;
    return 0;
  }
  return EADDRINUSE;
}

uint64_t TcpPorts::Listen(const AddressSet& where, uint16_t port,
                          PortSharing share,
                          std::shared_ptr<ListenQueue> queue) {
  reuse_port_.NoteBound(port, where, share, !IsUsed(port));
  return listeners_.Bind(where, port, share, std::move(queue));
}

bool TcpPorts::CanShare(const IpPort& local, const IpPort& remote,
                        MonotonicNanos now) {
  if (listeners_.IsBound(local.port) || accepted_.contains(local.port)) {
    return false;
  }
  const auto it = dialled_.find(local.port);
  if (it == dialled_.end()) return true;
  bool taken = false;
  for (const Dialled& one : it->second) {
    if (!one.chosen) return false;
    taken = taken || (one.local == local.ip && one.remote == remote);
  }
  if (!taken) return true;
  const Ends ends(local, remote);
  const auto lingering = lingering_.find(ends);
  if (lingering == lingering_.end() || !local.ip.IsLoopback() ||
      now - lingering->second.since < kReuseAfter) {
    return false;
  }
  StopLingering(ends);
  return true;
}

bool TcpPorts::IsConnected(const Ends& ends) const {
  const auto it = dialled_.find(ends.first.port);
  if (it == dialled_.end()) return false;
  return std::any_of(
      it->second.begin(), it->second.end(), [&ends](const Dialled& one) {
        return one.local == ends.first.ip && one.remote == ends.second;
      });
}

int TcpPorts::Dial(MonotonicNanos now, const AddressSet& bound, Ends* ends) {
  Expire(now);
  auto& [local, remote] = *ends;
  const bool chosen = local.port == 0;
  if (!chosen) {
    if (!IsFree(bound, local.port)) return EADDRINUSE;
    if (IsConnected(*ends)) return EADDRNOTAVAIL;
  }
  for (int i = ephemeral_.first; local.port == 0; ++i) {
    if (i > ephemeral_.last) return EADDRNOTAVAIL;
    const IpPort candidate = {local.ip, NextCandidate()};
    if (CanShare(candidate, remote, now)) local = candidate;
  }
  reuse_port_.NoteBound(local.port, AddressSet::One(local.ip), kAlone, false);
  dialled_[local.port].push_back({local.ip, remote, chosen});
  return 0;
}

void TcpPorts::Accept(const Ends& ends) {
  // A SYN from a port that had been used before begins a new connection.
  StopLingering(ends);
  auto& all = accepted_[ends.first.port];
  for (Accepted& one : all) {
    if (one.local != ends.first.ip) continue;
    ++one.count;
    return;
  }
  all.push_back({ends.first.ip, 1});
}

void TcpPorts::Release(const Ends& ends, bool dialled) {
  const auto& [local, remote] = ends;
  if (dialled) {
    auto& all = dialled_[local.port];
    const auto found =
        std::find_if(all.begin(), all.end(), [&ends](const Dialled& one) {
          return one.local == ends.first.ip && one.remote == ends.second;
        });
    if (found != all.end()) all.erase(found);
    if (all.empty()) dialled_.erase(local.port);
    return;
  }
  auto& all = accepted_[local.port];
  const auto found = std::find_if(
      all.begin(), all.end(),
      [&ends](const Accepted& one) { return one.local == ends.first.ip; });
  if (found != all.end() && --found->count == 0) all.erase(found);
  if (all.empty()) accepted_.erase(local.port);
}

void TcpPorts::Linger(const Ends& ends, TimeWait how) {
  const MonotonicNanos since = how.since;
  lingering_[ends] = std::move(how);
  expiries_.emplace_back(since + time_wait_, ends);
}

void TcpPorts::PeerEnded(const Ends& ends, MonotonicNanos now) {
  const auto it = lingering_.find(ends);
  if (it == lingering_.end() || it->second.got_end) return;
  it->second.got_end = true;
  it->second.since = now;
  expiries_.emplace_back(now + time_wait_, ends);
}

void TcpPorts::StopLingering(const Ends& ends) {
  const auto it = lingering_.find(ends);
  if (it == lingering_.end()) return;
  const bool dialled = it->second.dialled;
  lingering_.erase(it);
  Release(ends, dialled);
}

void TcpPorts::Expire(MonotonicNanos now) {
  while (!expiries_.empty() && expiries_.front().first <= now) {
    const Ends ends = expiries_.front().second;
    expiries_.pop_front();
    const auto it = lingering_.find(ends);
    if (it == lingering_.end()) continue;
    if (it->second.since + time_wait_ <= now) StopLingering(ends);
  }
}

std::vector<NetstatRow> TcpPorts::TimeWaitRows(MonotonicNanos now) {
  Expire(now);
  std::vector<NetstatRow> rows;
  for (const auto& [ends, how] : lingering_) {
    NetstatRow row;
    row.network = how.network;
    const char* const label = how.network == "fake" ? "fake" : "tcp";
    row.local = Addr::Ip(label, ends.first);
    row.remote = Addr::Ip(label, ends.second);
    row.state = how.got_end ? "TIME_WAIT" : "FIN_WAIT2";
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace plumb
