// An Addr says where one end of a connection is: an IP address with a port, a
// unix socket's path, or a name that only its backend understands.
//
//   const plumb::Addr local = conn->LocalAddr();
//   LOG(INFO) << local.network() << " " << local;      // "tcp 127.0.0.1:8080"
//   auto again = transport.Dial(local.network(), local.ToString());
//
// An Addr is a small value (40 bytes). Copying an IP address allocates nothing;
// copying a path or a name shares it. The text is made on demand, is the text
// that Go's net package prints, and can be dialled again.
//
// IPv4-mapped IPv6 addresses never appear in an Addr: they are unmapped where
// they enter, so that one peer has one address.
//
// Threads: a value type; const methods are safe from many threads at once.
#ifndef PLUMB_TRANSPORT_ADDR_H_
#define PLUMB_TRANSPORT_ADDR_H_

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/string_view.h"
#include "transport/ip_addr.h"

namespace plumb {

// An IP address and a port. The address may be invalid (IpAddr()), which stands
// for the wildcard and prints as nothing: ":80".
struct IpPort {
  IpAddr ip;
  uint16_t port = 0;

  // "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80", ":80".
  std::string ToString() const;

  friend bool operator==(const IpPort& a, const IpPort& b) {
    return a.ip == b.ip && a.port == b.port;
  }
  friend bool operator!=(const IpPort& a, const IpPort& b) { return !(a == b); }
  // Orders by address, then by port.
  friend bool operator<(const IpPort& a, const IpPort& b) {
    return a.ip == b.ip ? a.port < b.port : a.ip < b.ip;
  }
  template <typename H>
  friend H AbslHashValue(H h, const IpPort& p) {
    return H::combine(std::move(h), p.ip, p.port);
  }
};
std::ostream& operator<<(std::ostream& out, const IpPort& p);

class Addr {
 public:
  // No address: what an unconnected packet connection has for a remote one.
  // Prints as "<nil>", as in Go; see has_value().
  Addr() = default;

  // `network` is kept as a pointer and must live for ever: pass a literal.
  // Unmaps a v4-mapped `ip`.
  static Addr Ip(const char* network, const IpPort& ip_port) {
    Addr addr;
    addr.network_ = network;
    addr.value_.emplace<IpPort>(IpPort{ip_port.ip.Unmap(), ip_port.port});
    return addr;
  }
  static Addr Tcp(IpAddr ip, uint16_t port) { return Ip("tcp", {ip, port}); }
  static Addr Udp(IpAddr ip, uint16_t port) { return Ip("udp", {ip, port}); }

  // A raw IP endpoint: no port, prints as the address alone.
  static Addr RawIp(IpAddr ip);

  // A path ("/run/x.sock"), an abstract name ("@x"), or any text that the
  // backend of `network` (a literal, see Ip) understands.
  static Addr Named(const char* network, absl::string_view name);

  // An unnamed unix socket: prints as "@", as in Go on Linux.
  static Addr Unnamed(const char* network) { return Named(network, "@"); }

  bool has_value() const { return network_ != nullptr; }

  // "tcp", "udp", "ip", "unix", "unixgram", "unixpacket", "pipe", or a
  // backend's own; empty when there is no address.
  absl::string_view network() const;
  // Whether network() is `literal`; quick when it was made with that very one.
  bool HasNetwork(const char* literal) const {
    return network_ == literal || network() == literal;
  }

  // Null unless the address is an IP one (is_ip()).
  const IpPort* ip_port() const { return std::get_if<IpPort>(&value_); }
  bool is_ip() const { return ip_port() != nullptr; }

  // The IP address, or an invalid one when there is none.
  IpAddr ip() const { return is_ip() ? ip_port()->ip : IpAddr(); }
  // The port, or 0.
  uint16_t port() const { return is_ip() ? ip_port()->port : 0; }
  // The path or name, or empty.
  absl::string_view name() const;

  // The form that Dial takes.
  std::string ToString() const;

  // Same network and same place.
  friend bool operator==(const Addr& a, const Addr& b);
  friend bool operator!=(const Addr& a, const Addr& b) { return !(a == b); }
  friend bool operator<(const Addr& a, const Addr& b);

  template <typename H>
  friend H AbslHashValue(H h, const Addr& a) {
    return H::combine(std::move(h), a.network(), a.value_.index(), a.ip(),
                      a.port(), a.name());
  }

 private:
  using Name = std::shared_ptr<const std::string>;

  const char* network_ = nullptr;
  std::variant<std::monostate, IpPort, Name> value_;
};
std::ostream& operator<<(std::ostream& out, const Addr& addr);

static_assert(sizeof(Addr) <= 40, "an Addr is copied into every error");

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_ADDR_H_
