#include "backends/posix/sockaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "backends/posix/op_error.h"
#include "transport/unix_name.h"

namespace plumb {
namespace {

constexpr socklen_t kPathOffset = offsetof(sockaddr_un, sun_path);
constexpr size_t kPathCapacity = sizeof(sockaddr_un::sun_path);

sockaddr_in MakeV4(const IpPort& ip_port) {
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(ip_port.port);
  if (ip_port.ip.is_valid()) {
    const std::array<uint8_t, 4> bytes = ip_port.ip.v4_bytes();
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
  }
  return v4;
}

sockaddr_in6 MakeV6(const IpPort& ip_port) {
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(ip_port.port);
  v6.sin6_scope_id = ip_port.ip.zone();
  // An unspecified one stays all zeros: ::ffff:0.0.0.0 would be IPv4 alone.
  if (!ip_port.ip.IsUnspecified()) {
    std::memcpy(&v6.sin6_addr, ip_port.ip.bytes().data(), 16);
  }
  return v6;
}

IpPort FromV4(const sockaddr_in& v4) {
  std::array<uint8_t, 4> b;
  std::memcpy(b.data(), &v4.sin_addr, b.size());
  return {IpAddr::V4(b[0], b[1], b[2], b[3]), ntohs(v4.sin_port)};
}

IpPort FromV6(const sockaddr_in6& v6) {
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return {IpAddr::V6(bytes, v6.sin6_scope_id).Unmap(), ntohs(v6.sin6_port)};
}

// The text of a unix name of `size` bytes; empty for an unnamed socket.
std::string UnixName(const char* path, size_t size) {
  size = std::min(size, kPathCapacity);
  if (size == 0) return "";
  if (path[0] != '\0') return std::string(path, strnlen(path, size));
  // By its length, as NULs may be part of an abstract name.
  std::string name(path, size);
  name[0] = '@';
  return name;
}

}  // namespace

absl::StatusOr<SockAddr> SockAddr::Ip(const IpPort& ip_port, int family) {
  SockAddr address;
  if (absl::Status status = address.SetIp(ip_port, family); !status.ok()) {
    return status;
  }
  return address;
}

absl::Status SockAddr::SetIp(const IpPort& ip_port, int family) {
  if (family == AF_INET6) {
    Set(MakeV6(ip_port));
    return absl::OkStatus();
  }
  const IpPort unmapped = {ip_port.ip.Unmap(), ip_port.port};
  if (unmapped.ip.is_v6()) {
    return OpError(
        absl::StatusCode::kInvalidArgument, ErrorInfo(),
        absl::StrCat("address ", ip_port.ip.ToString(), ": non-IPv4 address"));
  }
  Set(MakeV4(unmapped));
  return absl::OkStatus();
}

absl::StatusOr<SockAddr> SockAddr::Unix(absl::string_view name) {
  if (!UnixNameFits(name)) return SyscallError("", EINVAL);
  const bool abstract = IsAbstractUnixName(name);
  sockaddr_un un = {};
  un.sun_family = AF_UNIX;
  std::memcpy(un.sun_path, name.data(), name.size());
  if (abstract) un.sun_path[0] = '\0';
  socklen_t size = kPathOffset + static_cast<socklen_t>(name.size());
  if (!abstract && !name.empty()) ++size;
  SockAddr address;
  address.Set(un, size);
  return address;
}

Addr SockAddr::ToAddr(const char* network) const {
  switch (family()) {
    case AF_INET: {
      sockaddr_in v4;
      std::memcpy(&v4, &storage_, sizeof v4);
      return Addr::Ip(network, FromV4(v4));
    }
    case AF_INET6: {
      sockaddr_in6 v6;
      std::memcpy(&v6, &storage_, sizeof v6);
      return Addr::Ip(network, FromV6(v6));
    }
    case AF_UNIX: {
      const std::string name =
          UnixName(reinterpret_cast<const char*>(&storage_) + kPathOffset,
                   size_ - std::min(size_, kPathOffset));
      return name.empty() ? Addr() : Addr::Named(network, name);
    }
    default:
      return Addr();
  }
}

}  // namespace plumb
