#include "backends/fake/ip_kinds.h"

namespace plumb {

bool IsBroadcast(const IpAddr& ip) {
  return ip == kLimitedBroadcast || ip == IpAddr::V4(10, 255, 255, 255) ||
         ip == kLoopbackBroadcast;
}

bool IsOfLink(const IpAddr& ip) {
  return ip.is_v6() && (ip.IsLinkLocalUnicast() || ip.IsLinkLocalMulticast() ||
                        ip.IsInterfaceLocalMulticast());
}

}  // namespace plumb
