#include "backends/posix/ip_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>

#include "backends/local_address.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "transport/error.h"
#include "transport/network_name.h"

namespace plumb {
namespace {

// As Go's TCPAddr.family: no address counts as IPv4.
bool IsIpv4(const IpAddr& ip) {
  return !ip.is_valid() || ip.is_v4() || ip.is_v4_mapped();
}

// OK when the system lets an IPv6 socket, with V6ONLY as given, have `ip`.
absl::Status TryToBind(const IpAddr& ip, bool v6_only) {
  const absl::StatusOr<Descriptor> fd =
      MakeIpSocket({AF_INET6, v6_only}, SOCK_STREAM);
  if (!fd.ok()) return fd.status();
  return BindIpSocket(fd->get(), AF_INET6, {ip, 0});
}

absl::Status ProbeMapping() {
  const absl::Status v6 = TryToBind(IpAddr::LoopbackV6(), true);
  return v6.ok() ? TryToBind(IpAddr::LoopbackV4(), false) : v6;
}

// Whether another try may end otherwise.
bool IsShortage(const absl::Status& status) {
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  if (!info.has_value()) return false;
  const int error = info->errno_value;
  return error == EMFILE || error == ENFILE || error == ENOBUFS ||
         error == ENOMEM;
}

}  // namespace

IpFamily FamilyForListen(absl::string_view network, const IpAddr& local) {
  const AddressFamily wanted = ParseNetworkName(network).family;
  if (wanted == AddressFamily::kV4) return {AF_INET, false};
  if (wanted == AddressFamily::kV6) return {AF_INET6, true};
  if (IsWildcard(local) && SystemMapsIpv4()) return {AF_INET6, false};
  return IsIpv4(local) ? IpFamily{AF_INET, false} : IpFamily{AF_INET6, false};
}

IpFamily FamilyForDial(absl::string_view network, const IpAddr& local,
                       const IpAddr& remote) {
  const AddressFamily wanted = ParseNetworkName(network).family;
  if (wanted == AddressFamily::kV4) return {AF_INET, false};
  if (wanted == AddressFamily::kV6) return {AF_INET6, true};
  if (IsIpv4(local) && IsIpv4(remote)) return {AF_INET, false};
  return {AF_INET6, false};
}

absl::StatusOr<Descriptor> MakeIpSocket(IpFamily family, int type) {
  absl::StatusOr<Descriptor> fd = MakeSocket(family.family, type, 0);
  if (!fd.ok() || family.family == AF_INET) return fd;
  const absl::Status status = SetIntOption(fd->get(), IPPROTO_IPV6, IPV6_V6ONLY,
                                           family.v6_only ? 1 : 0);
  if (!status.ok()) return status;
  return fd;
}

absl::Status BindIpSocket(int fd, int family, const IpPort& local) {
  const absl::StatusOr<SockAddr> address = SockAddr::Ip(local, family);
  return address.ok() ? BindSocket(fd, *address) : address.status();
}

absl::Status SetDatagramOptions(int fd, std::optional<int> send_buffer,
                                std::optional<int> receive_buffer) {
  absl::Status status = SetIntOption(fd, SOL_SOCKET, SO_BROADCAST, 1);
  if (status.ok() && send_buffer.has_value()) {
    status = SetIntOption(fd, SOL_SOCKET, SO_SNDBUF, *send_buffer);
  }
  if (status.ok() && receive_buffer.has_value()) {
    status = SetIntOption(fd, SOL_SOCKET, SO_RCVBUF, *receive_buffer);
  }
  return status;
}

bool SystemMapsIpv4() {
  enum Answer { kUnknown, kYes, kNo };
  static std::atomic<Answer> known{kUnknown};
  const Answer answer = known.load(std::memory_order_relaxed);
  if (answer != kUnknown) return answer == kYes;
  const absl::Status probe = ProbeMapping();
  if (!IsShortage(probe)) {
    known.store(probe.ok() ? kYes : kNo, std::memory_order_relaxed);
  }
  return probe.ok();
}

}  // namespace plumb
