#include "backends/fake/multicast.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "transport/error.h"

namespace plumb {
namespace {

// igmp_max_memberships.
constexpr int kMaxMemberships = 20;

absl::Status BadArgument(absl::string_view cause) {
  return OpError(absl::StatusCode::kInvalidArgument, ErrorInfo(), cause);
}

// 0 for "".
absl::StatusOr<uint32_t> InterfaceIndex(absl::string_view interface) {
  if (interface.empty()) return 0;
  if (interface == "lo" || interface == "1") return kLoopback;
  if (interface == "eth0" || interface == "2") return kEthernet;
  return BadArgument(
      absl::StrCat("interface ", interface, ": no such network interface"));
}

// Of which all hosts are members, always: 224.0.0.1, ff01::1, ff02::1.
constexpr IpAddr kAllHosts[] = {
    IpAddr::V4(224, 0, 0, 1),
    IpAddr::V6({0xff, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
    IpAddr::V6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})};

}  // namespace

bool IsMember(const HostState& host, const IpAddr& group, uint32_t interface) {
  return absl::c_linear_search(kAllHosts, group) ||
         host.groups.contains(HostState::Group(interface, group));
}

bool MulticastRoute::ReachesOthers(const HostState& own,
                                   const IpAddr& group) const {
  if (interface == kLoopback) return false;
  if (hops || !IsMember(own, group, interface)) return true;
  return group.is_v6() && !own_host;
}

template <typename Change>
absl::Status UdpMulticast::Apply(Change change) {
  ErrorInfo info = NamedInfo("set", state_->names().get());
  info.addr = std::exchange(info.source, Addr());
  if (!state_->Enter()) return ClosedError(std::move(info));
  const absl::Status status = change();
  state_->Leave();
  return status.ok() ? status : FailWith(status, std::move(info));
}

absl::StatusOr<HostState::Group> UdpMulticast::FindGroup(
    const IpAddr& group, absl::string_view interface) const {
  const std::string text = absl::StrCat("address ", group.ToString());
  if (!group.IsMulticast()) {
    return BadArgument(absl::StrCat(text, ": not a multicast address"));
  }
  const bool any = where_.ip().IsUnspecified();
  if (any ? !where_.Contains(group) : where_.ip().is_v4() != group.is_v4()) {
    return BadArgument(absl::StrCat(text, ": no suitable address found"));
  }
  absl::StatusOr<uint32_t> index = InterfaceIndex(interface);
  if (!index.ok()) return index.status();
  if (*index == 0) index = group.zone() != 0 ? group.zone() : kEthernet;
  return HostState::Group(*index, group.WithZone(0));
}

absl::Status UdpMulticast::JoinGroup(const IpAddr& group,
                                     absl::string_view interface) {
  return Apply([&] {
    const auto membership = FindGroup(group, interface);
    return membership.ok() ? Join(*membership) : membership.status();
  });
}

absl::Status UdpMulticast::Join(const HostState::Group& group) {
  const bool v4 = group.second.is_v4();
  SystemMutexLock network_lock(&host_.network->mutex);
  SystemMutexLock lock(&mutex_);
  only_joined_ = true;
  if (absl::c_linear_search(groups_, group)) {
    return ErrnoError(ErrorInfo(), "setsockopt", EADDRINUSE);
  }
  const auto same_family = [v4](const HostState::Group& other) {
    return other.second.is_v4() == v4;
  };
  if (v4 && absl::c_count_if(groups_, same_family) >= kMaxMemberships) {
    return ErrnoError(ErrorInfo(), "setsockopt", ENOBUFS);
  }
  groups_.push_back(group);
  ++host_.host->groups[group];
  return absl::OkStatus();
}

absl::Status UdpMulticast::LeaveGroup(const IpAddr& group,
                                      absl::string_view interface) {
  return Apply([&] {
    const auto membership = FindGroup(group, interface);
    return membership.ok() ? Leave(*membership) : membership.status();
  });
}

absl::Status UdpMulticast::Leave(const HostState::Group& group) {
  SystemMutexLock network_lock(&host_.network->mutex);
  SystemMutexLock lock(&mutex_);
  const auto found = absl::c_find(groups_, group);
  if (found == groups_.end()) {
    return BadArgument(
        absl::StrCat("address ", group.second.ToString(), ": not a member"));
  }
  groups_.erase(found);
  host_.host->LeaveGroup(group);
  return absl::OkStatus();
}

void UdpMulticast::LeaveAll() {
  SystemMutexLock network_lock(&host_.network->mutex);
  SystemMutexLock lock(&mutex_);
  for (const auto& group : groups_) host_.host->LeaveGroup(group);
  groups_.clear();
}

absl::Status UdpMulticast::SetMulticastInterface(absl::string_view interface) {
  return Apply([&] {
    const absl::StatusOr<uint32_t> index = InterfaceIndex(interface);
    if (!index.ok()) return index.status();
    SystemMutexLock lock(&mutex_);
    interface_ = *index;
    return absl::OkStatus();
  });
}

absl::Status UdpMulticast::SetMulticastLoopback(bool on) {
  return Apply([&] {
    SystemMutexLock lock(&mutex_);
    loopback_ = on;
    return absl::OkStatus();
  });
}

absl::Status UdpMulticast::SetMulticastHops(int hops) {
  return Apply([&] {
    if (hops < 0 || hops > 255) {
      return BadArgument(absl::StrCat("hops ", hops, ": not from 0 to 255"));
    }
    SystemMutexLock lock(&mutex_);
    hops_ = hops;
    return absl::OkStatus();
  });
}

MulticastRoute UdpMulticast::Route() const {
  SystemMutexLock lock(&mutex_);
  MulticastRoute route;
  route.interface = interface_;
  route.own_host = loopback_;
  route.hops = hops_ > 0;
  return route;
}

bool UdpMulticast::Hears(const IpAddr& group, uint32_t interface) const {
  SystemMutexLock lock(&mutex_);
  if (!only_joined_) return true;
  return absl::c_any_of(groups_, [&](const HostState::Group& joined) {
    // Over IPv6 Linux asks for the group alone.
    return joined.second == group &&
           (group.is_v6() || joined.first == interface);
  });
}

}  // namespace plumb
