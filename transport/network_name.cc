#include "transport/network_name.h"

#include <cstddef>
#include <ostream>

namespace plumb {
namespace {

IpFamily FamilyOf(absl::string_view name) {
  if (name.size() < 2) return IpFamily::kAny;
  if (name.back() == '4') return IpFamily::kV4;
  if (name.back() == '6') return IpFamily::kV6;
  return IpFamily::kAny;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, IpFamily family) {
  switch (family) {
    case IpFamily::kAny:
      return out << "any";
    case IpFamily::kV4:
      return out << "IPv4";
    case IpFamily::kV6:
      return out << "IPv6";
  }
  return out << "IpFamily(" << static_cast<int>(family) << ")";
}

bool MatchesFamily(IpFamily family, const IpAddr& ip) {
  if (!ip.is_valid()) return false;
  if (family == IpFamily::kAny) return true;
  return ip.Unmap().is_v4() == (family == IpFamily::kV4);
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
  if (parts.family != IpFamily::kAny) parts.base.remove_suffix(1);
  return parts;
}

}  // namespace plumb
