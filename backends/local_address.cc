#include "backends/local_address.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/network_name.h"

namespace plumb {
namespace {

bool Reaches(const IpAddr& from, const IpAddr& target) {
  return IsWildcard(from) || IsWildcard(target) ||
         from.is_v4() == target.is_v4();
}

// Whether a Dial over `network` can go from `from` to one of `targets`.
bool IsOfUse(absl::string_view network, const IpAddr& from,
             const std::vector<IpPort>& targets) {
  if (IsWildcard(from)) return true;
  return MatchesFamily(ParseNetworkName(network).family, from) &&
         std::any_of(targets.begin(), targets.end(),
                     [&from](const IpPort& target) {
                       return Reaches(from, target.ip);
                     });
}

}  // namespace

absl::StatusOr<IpPort> ResolveLocalAddress(
    absl::string_view network, const char* addr_network,
    absl::FunctionRef<absl::StatusOr<IpPort>(absl::string_view network)>
        resolve,
    std::vector<IpPort>& targets) {
  absl::StatusOr<IpPort> from = resolve(addr_network);
  if (!from.ok()) return from;
  if (!IsOfUse(network, from->ip, targets)) {
    const absl::StatusOr<IpPort> v6 = resolve(absl::StrCat(addr_network, "6"));
    // It has none of that family.
    if (!v6.ok() && !absl::IsInvalidArgument(v6.status())) return v6;
    if (v6.ok()) from = v6;
  }
  if (!IsOfUse(network, from->ip, targets)) {
    return OpError(
        absl::StatusCode::kInvalidArgument, ErrorInfo(),
        absl::StrCat("address ", Addr::Ip(addr_network, *from).ToString(),
                     ": no suitable address found"));
  }
  targets.erase(std::remove_if(targets.begin(), targets.end(),
                               [&from](const IpPort& target) {
                                 return !Reaches(from->ip, target.ip);
                               }),
                targets.end());
  return from;
}

}  // namespace plumb
