#include "transport/addr.h"

#include <memory>
#include <ostream>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace plumb {
namespace {

constexpr char kRawNetwork[] = "ip";

// As IpAddr::ToString, but nothing for the wildcard.
std::string WildcardOrText(const IpAddr& ip) {
  return ip.is_valid() ? ip.ToString() : std::string();
}

}  // namespace

std::string IpPort::ToString() const {
  if (ip.is_v6()) return absl::StrCat("[", ip.ToString(), "]:", port);
  return absl::StrCat(WildcardOrText(ip), ":", port);
}

std::ostream& operator<<(std::ostream& out, const IpPort& p) {
  return out << p.ToString();
}

Addr Addr::RawIp(IpAddr ip) { return Ip(kRawNetwork, {ip, 0}); }

Addr Addr::Named(const char* network, absl::string_view name) {
  Addr addr;
  addr.network_ = network;
  addr.value_ = std::make_shared<const std::string>(name);
  return addr;
}

absl::string_view Addr::network() const {
  return has_value() ? absl::string_view(network_) : absl::string_view();
}

absl::string_view Addr::name() const {
  const Name* name = std::get_if<Name>(&value_);
  // A name that was moved from is null.
  if (name == nullptr || *name == nullptr) return absl::string_view();
  return **name;
}

std::string Addr::ToString() const {
  if (!has_value()) return "<nil>";
  if (!is_ip()) return std::string(name());
  if (network() == kRawNetwork) return WildcardOrText(ip());
  return ip_port()->ToString();
}

bool operator==(const Addr& a, const Addr& b) {
  return a.network() == b.network() && a.value_.index() == b.value_.index() &&
         a.ip() == b.ip() && a.port() == b.port() && a.name() == b.name();
}

bool operator<(const Addr& a, const Addr& b) {
  const auto key = [](const Addr& addr) {
    return std::make_tuple(addr.network(), addr.value_.index(), addr.ip(),
                           addr.port(), addr.name());
  };
  return key(a) < key(b);
}

std::ostream& operator<<(std::ostream& out, const Addr& addr) {
  return out << addr.ToString();
}

}  // namespace plumb
