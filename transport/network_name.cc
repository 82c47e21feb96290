#include "transport/network_name.h"

#include <cstddef>
#include <ostream>

namespace plumb {
namespace {

AddressFamily FamilyOf(absl::string_view name) {
  if (name.size() < 2) return AddressFamily::kAny;
  if (name.back() == '4') return AddressFamily::kV4;
  if (name.back() == '6') return AddressFamily::kV6;
  return AddressFamily::kAny;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, AddressFamily family) {
  switch (family) {
    case AddressFamily::kAny:
      return out << "any";
    case AddressFamily::kV4:
      return out << "IPv4";
    case AddressFamily::kV6:
      return out << "IPv6";
  }
  return out << "AddressFamily(" << static_cast<int>(family) << ")";
}

bool MatchesFamily(AddressFamily family, const IpAddr& ip) {
  if (!ip.is_valid()) return false;
  if (family == AddressFamily::kAny) return true;
  return ip.Unmap().is_v4() == (family == AddressFamily::kV4);
}

NetworkName ParseNetworkName(absl::string_view network) {
  NetworkName parts;
  const size_t colon = network.find(':');
  parts.name = network.substr(0, colon);
  if (colon != absl::string_view::npos) {
    parts.protocol = network.substr(colon + 1);
  }
  parts.family = FamilyOf(parts.name);
  parts.base = parts.name;
  if (parts.family != AddressFamily::kAny) parts.base.remove_suffix(1);
  return parts;
}

}  // namespace plumb
