// The kernel's form of an address.
//
//   SockAddr address = SockAddr::Ip({IpAddr::LoopbackV4(), 80}, AF_INET);
//   connect(fd, address.get(), address.size());
//
//   SockAddr peer;
//   peer.set_size(SockAddr::kCapacity);
//   accept4(fd, peer.get(), peer.mutable_size(), 0);
//   Addr addr = peer.ToAddr("tcp");
//
// IPv4-mapped addresses of IPv6 sockets are unmapped here, and mapped again for
// an IPv6 socket. A unix name that begins with '@' is an abstract one and has a
// NUL there in the kernel.
//
// Unstable: for backends; it may change with any release.
//
// Threads: a value type.
#ifndef PLUMB_BACKENDS_POSIX_SOCKADDR_H_
#define PLUMB_BACKENDS_POSIX_SOCKADDR_H_

#include <sys/socket.h>

#include <cstring>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "transport/addr.h"
#include "transport/ip_addr.h"

namespace plumb {

class SockAddr {
 public:
  static constexpr socklen_t kCapacity = sizeof(sockaddr_storage);

  // No address.
  SockAddr() { storage_.ss_family = AF_UNSPEC; }

  // `family` is AF_INET or AF_INET6. An invalid IP, and 0.0.0.0 for AF_INET6,
  // is the family's wildcard; any other IPv4 address is mapped for AF_INET6.
  // Errors: InvalidArgument `address ::1: non-IPv4 address`.
  static absl::StatusOr<SockAddr> Ip(const IpPort& ip_port, int family);
  // The same in place, for many datagrams; unchanged after an error.
  absl::Status SetIp(const IpPort& ip_port, int family);

  // A path, or an abstract name with a leading '@'; an empty one is what bind
  // takes for "choose an abstract one". Errors: InvalidArgument `invalid
  // argument` for what does not fit (unix_name.h).
  static absl::StatusOr<SockAddr> Unix(absl::string_view name);

  // What a receiver of `network` (a literal) knows of it: the Addr of the
  // family; no address for none and for an unnamed unix socket.
  Addr ToAddr(const char* network) const;

  // AF_UNSPEC for no address.
  int family() const { return size_ == 0 ? AF_UNSPEC : storage_.ss_family; }

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage_); }
  socklen_t size() const { return size_; }
  void set_size(socklen_t size) { size_ = size; }
  // For calls that fill the address in.
  socklen_t* mutable_size() { return &size_; }

 private:
  // `Raw` is a sockaddr_in or the like.
  template <typename Raw>
  void Set(const Raw& raw, socklen_t size = sizeof(Raw)) {
    std::memcpy(&storage_, &raw, sizeof raw);
    size_ = size;
  }

  // Only the first size_ bytes mean anything.
  sockaddr_storage storage_;
  socklen_t size_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_SOCKADDR_H_
