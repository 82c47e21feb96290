#include "backends/fake/udp_socket.h"

#include <cerrno>

namespace plumb {

size_t MaxUdpPayload(const IpAddr& remote) {
  constexpr size_t kOverIpv6 = 65535 - 8;  // less the UDP header
  return remote.is_v6() ? kOverIpv6 : kOverIpv6 - 20;
}

int UdpPort::Send(const IpPort& to, std::string data, bool* refused) const {
  *refused = false;
  IpAddr ip = to.ip;
  if (ip.IsUnspecified()) {
    ip = ip.is_v6() ? IpAddr::LoopbackV6() : IpAddr::LoopbackV4();
  }
  const bool any = where.ip().IsUnspecified();
  if (any ? !where.Contains(ip) : where.ip().is_v4() != ip.is_v4()) {
    return ip.is_v6() ? EAFNOSUPPORT : ENETUNREACH;
  }
  if (data.size() > MaxUdpPayload(ip)) return EMSGSIZE;
  if (to.port == 0) return EINVAL;
  const IpAddr source = any ? host.SourceFor(ip) : where.ip();
  if (source.IsLoopback() && !host.host->Has(ip)) return EINVAL;
  std::shared_ptr<DatagramSink> sink;
  {
    absl::MutexLock lock(&host.network->mutex);
    HostState* const there = host.FindHost(ip);
    // Nobody has that address, and nobody says so.
    if (there == nullptr) return 0;
    sink = there->udp.Find(ip, to.port, port);
  }
  if (sink == nullptr) {
    *refused = true;
    return 0;
  }
  const auto verdict =
      sink->Deliver(Addr::Udp(source, port), std::move(data), nullptr);
  *refused = verdict == DatagramSink::Verdict::kRefused ||
             verdict == DatagramSink::Verdict::kNotAllowed;
  return 0;
}

int UdpSocket::Send(const Addr& to,
                    absl::Span<const absl::string_view> pieces) {
  if (const int error = TakeError()) return error;
  if (!to.is_ip() || (to.network() != "udp" && to.network() != "fakegram")) {
    return EINVAL;
  }
  bool refused = false;
  const int error = port_.Send(*to.ip_port(), JoinPieces(pieces), &refused);
  if (refused && peer().has_value()) SetError(ECONNREFUSED);
  return error;
}

size_t UdpSocket::MaxMessageSize() const {
  if (peer().has_value()) return MaxUdpPayload(peer().ip());
  // Of both families it is the less.
  const bool v4_too = port_.where.Contains(IpAddr::LoopbackV4());
  return MaxUdpPayload(v4_too ? IpAddr::AnyV4() : port_.where.ip());
}

DatagramSink::Verdict UdpSocket::Deliver(
    const Addr& from, std::string data,
    const std::shared_ptr<CallState>& sender) {
  const CallNames& names = *state().names();
  return DatagramSocket::Deliver(
      Addr::Ip(AddrNetwork(names.network), *from.ip_port()), std::move(data),
      sender);
}

}  // namespace plumb
