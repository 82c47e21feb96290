#include "transport/addr.h"

#include "absl/strings/str_cat.h"

namespace plumb {

std::string IpPort::ToString() const {
  if (!ip.is_valid()) return absl::StrCat(":", port);
  const std::string host = ip.ToString();
  return ip.is_v6() ? absl::StrCat("[", host, "]:", port)
                    : absl::StrCat(host, ":", port);
}

std::ostream& operator<<(std::ostream& out, const IpPort& p) {
  return out << p.ToString();
}

Addr Addr::Ip(const char* network, IpPort ip_port) {
  Addr addr;
  addr.network_ = network;
  ip_port.ip = ip_port.ip.Unmap();
  addr.value_ = ip_port;
  return addr;
}

Addr Addr::RawIp(IpAddr ip) { return Ip("ip", {ip, 0}); }

Addr Addr::Named(const char* network, absl::string_view name) {
  Addr addr;
  addr.network_ = network;
  addr.value_ = std::make_shared<const std::string>(name);
  return addr;
}

absl::string_view Addr::network() const {
  return network_ == nullptr ? absl::string_view() : network_;
}

absl::string_view Addr::name() const {
  const Name* const name = std::get_if<Name>(&value_);
  return name == nullptr ? absl::string_view() : absl::string_view(**name);
}

std::string Addr::ToString() const {
  if (!has_value()) return "<nil>";
  if (!is_ip()) return std::string(name());
  if (network() != "ip") return ip_port()->ToString();
  return ip().is_valid() ? ip().ToString() : "";
}

bool operator==(const Addr& a, const Addr& b) {
  return a.network() == b.network() && a.is_ip() == b.is_ip() &&
         a.ip() == b.ip() && a.port() == b.port() && a.name() == b.name();
}

bool operator<(const Addr& a, const Addr& b) {
  if (a.network() != b.network()) return a.network() < b.network();
  if (a.ip() != b.ip()) return a.ip() < b.ip();
  if (a.port() != b.port()) return a.port() < b.port();
  return a.name() < b.name();
}

std::ostream& operator<<(std::ostream& out, const Addr& addr) {
  return out << addr.ToString();
}

}  // namespace plumb
