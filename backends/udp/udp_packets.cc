#include "backends/udp/udp_packets.h"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "backends/posix/op_error.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "backends/udp/udp_limits.h"
#include "transport/error.h"
#include "transport/extension.h"

// Not in every C library's headers; ip(7), ipv6(7).
#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29
#endif

namespace plumb {
namespace {

constexpr char kUdp[] = "udp";

absl::Status BadArgument(absl::string_view cause) {
  return OpError(absl::StatusCode::kInvalidArgument, ErrorInfo(), cause);
}

// 0, which leaves the choice to the system, for "".
absl::StatusOr<uint32_t> InterfaceIndex(absl::string_view interface) {
  if (interface.empty()) return 0;
  uint32_t index = if_nametoindex(std::string(interface).c_str());
  char name[IF_NAMESIZE];
  if (index == 0 && absl::SimpleAtoi(interface, &index) &&
      if_indextoname(index, name) == nullptr) {
    index = 0;
  }
  if (index != 0) return index;
  return BadArgument(
      absl::StrCat("interface ", interface, ": no such network interface"));
}

// IPv4's own option for an IPv4 group, which a dual-stack socket takes too.
absl::Status SetGroup(int fd, int name, const IpAddr& group, uint32_t index) {
  const absl::StatusOr<SockAddr> address =
      SockAddr::Ip({group, 0}, group.is_v4() ? AF_INET : AF_INET6);
  if (!address.ok()) return address.status();
  group_req request = {};
  request.gr_interface = index == 0 ? group.zone() : index;
  std::memcpy(&request.gr_group, address->get(), address->size());
  const int level = group.is_v4() ? IPPROTO_IP : IPPROTO_IPV6;
  const absl::Status status =
      SetOption(fd, level, name, &request, sizeof request);
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  // The kernel's word for this, EADDRNOTAVAIL, would be taken for the address
  // of a socket.
  if (name == MCAST_LEAVE_GROUP && info.has_value() &&
      info->errno_value == EADDRNOTAVAIL) {
    return BadArgument(
        absl::StrCat("address ", group.ToString(), ": not a member"));
  }
  return status;
}

// What a socket that is bound to `local` can send to all of its peers.
size_t MaxSize(IpFamily family, const IpAddr& local) {
  const bool dual =
      family.family == AF_INET6 && !family.v6_only && local.IsUnspecified();
  return MaxUdpMessageSize(dual ? IpAddr::AnyV4() : local);
}

}  // namespace

UdpPackets::UdpPackets(Clock& clock, plumb::Descriptor descriptor,
                       std::shared_ptr<const CallNames> names, IpFamily family)
    : PacketSocket(clock, std::move(descriptor), names,
                   PacketSocketKind{kUdp, family.family,
                                    MaxSize(family, names->source.ip())}),
      family_(family) {}

void* UdpPackets::Extension(absl::string_view name) {
  if (void* found = FindExtension<MulticastControl>(name, this)) return found;
  return PacketSocket::Extension(name);
}

absl::Status UdpPackets::JoinGroup(const IpAddr& group,
                                   absl::string_view interface) {
  return Apply(SetInfo(), [&](int fd) {
    absl::Status status = CheckGroup(group);
    if (!status.ok()) return status;
    const absl::StatusOr<uint32_t> index = InterfaceIndex(interface);
    if (!index.ok()) return index.status();
    status = SetForAll(fd, {IP_MULTICAST_ALL, IPV6_MULTICAST_ALL}, 0);
    if (!status.ok()) return status;
    return SetGroup(fd, MCAST_JOIN_GROUP, group, *index);
  });
}

absl::Status UdpPackets::LeaveGroup(const IpAddr& group,
                                    absl::string_view interface) {
  return Apply(SetInfo(), [&](int fd) {
    const absl::Status status = CheckGroup(group);
    if (!status.ok()) return status;
    const absl::StatusOr<uint32_t> index = InterfaceIndex(interface);
    if (!index.ok()) return index.status();
    return SetGroup(fd, MCAST_LEAVE_GROUP, group, *index);
  });
}

absl::Status UdpPackets::SetMulticastInterface(absl::string_view interface) {
  return Apply(SetInfo(), [&](int fd) {
    const absl::StatusOr<uint32_t> index = InterfaceIndex(interface);
    if (!index.ok()) return index.status();
    ip_mreqn request = {};
    request.imr_ifindex = static_cast<int>(*index);
    return SetForAll(fd, {IP_MULTICAST_IF, IPV6_MULTICAST_IF}, &request,
                     sizeof request, request.imr_ifindex);
  });
}

absl::Status UdpPackets::SetMulticastLoopback(bool on) {
  return Apply(SetInfo(), [&](int fd) {
    return SetForAll(fd, {IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP}, on ? 1 : 0);
  });
}

absl::Status UdpPackets::SetMulticastHops(int hops) {
  return Apply(SetInfo(), [&](int fd) {
    // The kernel takes -1, for its default.
    if (hops < 0 || hops > 255) {
      return BadArgument(absl::StrCat("hops ", hops, ": not from 0 to 255"));
    }
    return SetForAll(fd, {IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS}, hops);
  });
}

absl::Status UdpPackets::SetForAll(int fd, IpOption option,
                                   const void* value_v4, size_t size_v4,
                                   int value_v6) const {
  if (v4()) {
    const absl::Status status =
        SetOption(fd, IPPROTO_IP, option.v4, value_v4, size_v4);
    if (!status.ok()) return status;
  }
  return v6() ? SetIntOption(fd, IPPROTO_IPV6, option.v6, value_v6)
              : absl::OkStatus();
}

absl::Status UdpPackets::CheckGroup(const IpAddr& group) const {
  if (!group.IsMulticast()) {
    return BadArgument(absl::StrCat("address ", group.ToString(),
                                    ": not a multicast address"));
  }
  if (group.is_v4() ? v4() : v6()) return absl::OkStatus();
  return BadArgument(absl::StrCat("address ", group.ToString(),
                                  ": no suitable address found"));
}

}  // namespace plumb
