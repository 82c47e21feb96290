#include "backends/fake/udp_socket.h"

#include <cerrno>
#include <utility>
#include <vector>

namespace plumb {

size_t MaxUdpPayload(const IpAddr& remote) {
  constexpr size_t kOverIpv6 = 65535 - 8;  // less the UDP header
  return remote.is_v6() ? kOverIpv6 : kOverIpv6 - 20;
}

namespace {

// Of all hosts: the limited broadcast, and that of 10.0.0.0/8.
bool IsBroadcast(const IpAddr& ip) {
  return ip == IpAddr::V4(255, 255, 255, 255) ||
         ip == IpAddr::V4(10, 255, 255, 255);
}

// Hands `data` to whoever listens on all addresses, on all hosts, the sender's
// too; why to nobody, or nothing.
absl::string_view HandToAll(NetworkState& network, const IpPort& from,
                            const IpPort& to, const std::string& data) {
  std::vector<std::shared_ptr<DatagramSink>> sinks;
  {
    absl::MutexLock lock(&network.mutex);
    for (const auto& [name, host] : network.hosts) {
      for (auto& sink : host->udp.FindAll(to.ip, to.port)) {
        sinks.push_back(std::move(sink));
      }
    }
  }
  absl::string_view cause = "nobody is there";
  for (const auto& sink : sinks) {
    Datagram datagram = {data, {}};
    const auto verdict =
        sink->Deliver(Addr::Ip("udp", from), datagram, nullptr);
    if (verdict == DatagramSink::Verdict::kTaken) cause = absl::string_view();
  }
  return cause;
}

// Hands `data` to who is at `to` on `there`; why not, or nothing.
absl::string_view Hand(HostState* there, NetworkState& network,
                       const IpPort& from, const IpPort& to, std::string data,
                       UdpSocket* sender) {
  if (IsBroadcast(to.ip)) return HandToAll(network, from, to, data);
  // Nobody has that address, and nobody says so.
  if (there == nullptr) return "no host has that address";
  std::shared_ptr<DatagramSink> sink;
  {
    absl::MutexLock lock(&network.mutex);
    sink = there->udp.Find(to.ip, to.port, from.port);
  }
  using Verdict = DatagramSink::Verdict;
  Datagram datagram = {std::move(data), {}};
  const Verdict verdict =
      sink == nullptr ? Verdict::kRefused
                      : sink->Deliver(Addr::Ip("udp", from), datagram, nullptr);
  if (verdict == Verdict::kTaken) return absl::string_view();
  if (verdict == Verdict::kDropped) return "the receive buffer is full";
  if (sender != nullptr) sender->Refuse(ECONNREFUSED);
  return "nobody is there";
}

// On its way, it keeps neither the network nor the sender.
class UdpArrival final : public Wire::Target {
 public:
  UdpArrival(const HostRef& host, HostState* there,
             const std::shared_ptr<UdpSocket>& sender)
      : network_(host.network), there_(there), sender_(sender) {}

  absl::string_view Land(const Packet& packet) override {
    const auto network = network_.lock();
    if (network == nullptr) return "the network is gone";
    return Hand(there_, *network, *packet.source.ip_port(),
                *packet.destination.ip_port(), std::string(packet.payload),
                sender_.lock().get());
  }
  void Reset(const Packet&, absl::string_view) override {
    if (const auto sender = sender_.lock()) sender->Refuse(ECONNREFUSED);
  }

 private:
  const std::weak_ptr<NetworkState> network_;
  HostState* const there_;
  const std::weak_ptr<UdpSocket> sender_;
};

}  // namespace

UdpPort::UdpPort(const HostRef& h, const AddressSet& w, uint16_t p)
    : host(h), where(w), port(p) {
  if (host.network->wire == nullptr) return;
  flow = std::make_shared<UdpFlow>(host.network->wire->NewFlow());
}

int UdpPort::Send(const IpPort& to, std::string data,
                  const std::shared_ptr<UdpSocket>& sender) const {
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
  const IpPort from = {any ? host.SourceFor(ip) : where.ip(), port};
  const bool reachable = host.host->Has(ip) || IsBroadcast(ip);
  if (from.ip.IsLoopback() && !reachable) return EINVAL;
  if (flow != nullptr) {
    SendOnWire(from, {ip, to.port}, std::move(data), sender);
    return 0;
  }
  HostState* there;
  {
    absl::MutexLock lock(&host.network->mutex);
    there = host.FindHost(ip);
  }
  Hand(there, *host.network, from, {ip, to.port}, std::move(data),
       sender.get());
  return 0;
}

void UdpPort::SendOnWire(const IpPort& from, const IpPort& to, std::string data,
                         const std::shared_ptr<UdpSocket>& sender) const {
  HostState* there;
  {
    absl::MutexLock lock(&host.network->mutex);
    there = host.FindHost(to.ip);
  }
  Packet packet;
  packet.protocol = Packet::Protocol::kUdp;
  packet.flow = flow->number;
  packet.ordinal = flow->sent.fetch_add(1);
  packet.source = Addr::Ip("udp", from);
  packet.source_host = host.host->name;
  packet.destination = Addr::Ip("udp", to);
  if (there != nullptr) packet.destination_host = there->name;
  Wire& wire = *host.network->wire;
  wire.Send(packet, std::move(data),
            std::make_shared<UdpArrival>(host, there, sender));
  wire.Run();
}

int UdpSocket::Send(const Addr& to, Datagram& datagram) {
  if (const int error = TakeError()) return error;
  if (!to.is_ip() || (to.network() != "udp" && to.network() != "fakegram")) {
    return EINVAL;
  }
  return port_.Send(*to.ip_port(), std::move(datagram.data),
                    peer().has_value() ? shared_from_this() : nullptr);
}

size_t UdpSocket::MaxMessageSize() const {
  if (peer().has_value()) return MaxUdpPayload(peer().ip());
  // Of both families it is the less.
  const bool v4_too = port_.where.Contains(IpAddr::LoopbackV4());
  return MaxUdpPayload(v4_too ? IpAddr::AnyV4() : port_.where.ip());
}

DatagramSink::Verdict UdpSocket::Deliver(
    const Addr& from, Datagram& datagram,
    const std::shared_ptr<CallState>& sender) {
  const CallNames& names = *state().names();
  return DatagramSocket::Deliver(
      Addr::Ip(AddrNetwork(names.network), *from.ip_port()), datagram, sender);
}

}  // namespace plumb
