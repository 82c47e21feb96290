#include "backends/fake/udp_socket.h"

#include <cerrno>
#include <utility>
#include <vector>

#include "backends/fake/ip_kinds.h"
#include "transport/extension.h"

namespace plumb {

size_t MaxUdpPayload(const IpAddr& remote) {
  constexpr size_t kOverIpv6 = 65535 - 8;  // less the UDP header
  return remote.is_v6() ? kOverIpv6 : kOverIpv6 - 20;
}

namespace {

// What a datagram goes by, beside its addresses.
struct UdpRoute {
  HostState* own;    // of the sender
  HostState* there;  // null for an address that no host has, and for many
  MulticastRoute multicast;
  bool others = true;  // what is for a group goes to other hosts, too
};

// Who gets what is sent to a group or to all.
std::vector<std::shared_ptr<DatagramSink>> FindMany(NetworkState& network,
                                                    const UdpRoute& route,
                                                    const IpPort& to) {
  const bool multicast = to.ip.IsMulticast();
  const uint32_t interface = route.multicast.interface;
  std::vector<std::shared_ptr<DatagramSink>> sinks;
  SystemMutexLock lock(&network.mutex);
  for (const auto& [name, host] : network.hosts) {
    const bool own = host.get() == route.own;
    if (to.ip == kLoopbackBroadcast && !own) continue;
    if (multicast) {
      if (own ? !route.multicast.own_host : !route.others) continue;
      if (!IsMember(*host, to.ip, interface)) continue;
    }
    for (auto& sink : host->udp.FindAll(to.ip, to.port)) {
      if (!multicast || sink->Hears(to.ip, interface)) {
        sinks.push_back(std::move(sink));
      }
    }
  }
  return sinks;
}

constexpr char kReceiverIsFull[] = "the receive buffer is full";

// Why to nobody, or nothing.
absl::string_view HandToMany(NetworkState& network, const UdpRoute& route,
                             const IpPort& from, const IpPort& to,
                             const std::string& data) {
  bool taken = false;
  absl::string_view cause = "nobody is there";
  for (const auto& sink : FindMany(network, route, to)) {
    Datagram datagram = {data, {}};
    const auto verdict =
        sink->Deliver(Addr::Ip("udp", from), datagram, nullptr);
    taken |= verdict == DatagramSink::Verdict::kTaken;
    if (verdict == DatagramSink::Verdict::kDropped) cause = kReceiverIsFull;
  }
  return taken ? absl::string_view() : cause;
}

// Hands `data` to who is at `to`; why not, or nothing.
absl::string_view Hand(NetworkState& network, const UdpRoute& route,
                       const IpPort& from, const IpPort& to, std::string data,
                       UdpSocket* sender) {
  if (IsOfMany(to.ip)) {
    return HandToMany(network, route, from, to, data);
  }
  // Nobody has that address, and nobody says so.
  if (route.there == nullptr) return "no host has that address";
  std::shared_ptr<DatagramSink> sink;
  {
    SystemMutexLock lock(&network.mutex);
    sink = route.there->udp.Find(to.ip, to.port, from.port);
  }
  using Verdict = DatagramSink::Verdict;
  Datagram datagram = {std::move(data), {}};
  const Verdict verdict =
      sink == nullptr ? Verdict::kRefused
                      : sink->Deliver(Addr::Ip("udp", from), datagram, nullptr);
  if (verdict == Verdict::kTaken) return absl::string_view();
  if (verdict == Verdict::kDropped) return kReceiverIsFull;
  if (sender != nullptr) sender->Refuse(ECONNREFUSED);
  return "nobody is there";
}

// On its way, it keeps neither the network nor the sender.
class UdpArrival final : public Wire::Target {
 public:
  UdpArrival(const UdpPort& port, const UdpRoute& route,
             const std::shared_ptr<UdpSocket>& sender, size_t size)
      : network_(port.host.network),
        route_(route),
        sender_(sender),
        flow_(port.flow->flow),
        in_flight_(port.in_flight),
        size_(size) {
    in_flight_->fetch_add(size_);
  }
  ~UdpArrival() override { Settle(); }

  absl::string_view Land(const Packet& packet) override {
    Settle();
    const auto network = network_.lock();
    if (network == nullptr) return "the network is gone";
    return Hand(*network, route_, *packet.source.ip_port(),
                *packet.destination.ip_port(), std::string(packet.payload),
                sender_.lock().get());
  }
  void Reset(const Packet&, absl::string_view) override {
    if (const auto sender = sender_.lock()) sender->Refuse(ECONNREFUSED);
  }

 private:
  const std::weak_ptr<NetworkState> network_;
  const UdpRoute route_;
  const std::weak_ptr<UdpSocket> sender_;
  // It is there, or it never will be; a copy of what is there counts no more.
  void Settle() { in_flight_->fetch_sub(std::exchange(size_, 0)); }

  const std::shared_ptr<const Wire::Flow> flow_;
  const std::shared_ptr<UdpInFlight> in_flight_;
  size_t size_;
};

void SendOnWire(const UdpPort& port, const UdpRoute& route, const IpPort& from,
                const IpPort& to, std::string data,
                const std::shared_ptr<UdpSocket>& sender) {
  Packet packet;
  packet.protocol = Packet::Protocol::kUdp;
  packet.flow = port.flow->flow->number();
  packet.ordinal = port.flow->sent.fetch_add(1);
  packet.source = Addr::Ip("udp", from);
  packet.source_host = port.host.host->name;
  packet.destination = Addr::Ip("udp", to);
  if (route.there != nullptr) packet.destination_host = route.there->name;
  Wire& wire = *port.host.network->wire;
  const size_t size = data.size();
  wire.Send(packet, std::move(data),
            std::make_shared<UdpArrival>(port, route, sender, size));
  wire.Run();
}

}  // namespace

UdpPort::UdpPort(const HostRef& h, const AddressSet& w, uint16_t p)
    : host(h), where(w), port(p) {
  if (host.network->wire == nullptr) return;
  flow = std::make_shared<UdpFlow>(host.network->wire->NewFlow());
  in_flight = std::make_shared<UdpInFlight>(0);
}

int UdpPort::SourceFor(const IpAddr& to, IpAddr* source) const {
  const bool any = where.ip().IsUnspecified();
  if (any ? !where.Contains(to) : where.ip().is_v4() != to.is_v4()) {
    return to.is_v6() ? EAFNOSUPPORT : ENETUNREACH;
  }
  *source = HasOwnSource() ? where.ip() : host.SourceFor(to);
  const bool reachable = host.host->Has(to) || IsOfMany(to);
  return source->IsLoopback() && !reachable ? EINVAL : 0;
}

int UdpPort::Send(IpPort to, std::string data,
                  const std::shared_ptr<UdpSocket>& sender,
                  MulticastRoute route) const {
  to.ip = DropIdleZone(to.ip);
  if (to.ip.IsUnspecified()) {
    const bool itself = HasOwnSource() && where.ip().is_v4();
    to.ip = to.ip.is_v6() ? IpAddr::LoopbackV6()
            : itself      ? where.ip()
                          : IpAddr::LoopbackV4();
  }
  IpPort from = {IpAddr(), port};
  const int error = SourceFor(to.ip, &from.ip);
  if (error == EAFNOSUPPORT || error == ENETUNREACH) return error;
  if (data.size() > MaxUdpPayload(to.ip)) return EMSGSIZE;
  if (to.port == 0) return EINVAL;
  if (error != 0) return error;
  UdpRoute way = {host.host, nullptr, route};
  if (to.ip.IsMulticast()) {
    if (where.ip().zone() != 0) way.multicast.interface = where.ip().zone();
    if (to.ip.zone() != 0) way.multicast.interface = to.ip.zone();
    to.ip = to.ip.WithZone(0);
    way.multicast.Choose(from.ip);
    const bool lo = way.multicast.interface == kLoopback;
    // ::1 is an address of that interface; 127.0.0.1 goes nowhere else.
    if (lo && to.ip.is_v6() && !HasOwnSource()) {
      from.ip = IpAddr::LoopbackV6();
    }
    SystemMutexLock lock(&host.network->mutex);
    way.others = way.multicast.ReachesOthers(*host.host, to.ip);
  } else {
    SystemMutexLock lock(&host.network->mutex);
    way.there = host.FindHost(to.ip);
  }
  if (flow != nullptr) {
    SendOnWire(*this, way, from, to, std::move(data), sender);
  } else {
    Hand(*host.network, way, from, to, std::move(data), sender.get());
  }
  return 0;
}

int UdpSocket::Send(const Addr& to, Datagram& datagram) {
  // That is told first, and the error kept.
  if (peer().has_value() && datagram.data.size() > MaxMessageSize()) {
    return EMSGSIZE;
  }
  if (const int error = TakeError()) {
    port_.CountUnsent();
    return error;
  }
  if (!to.is_ip() || (to.network() != "udp" && to.network() != "fakegram")) {
    return EINVAL;
  }
  const bool group = multicast_ != nullptr && to.ip_port()->ip.IsMulticast();
  return port_.Send(*to.ip_port(), std::move(datagram.data),
                    peer().has_value() ? shared_from_this() : nullptr,
                    group ? multicast_->Route() : MulticastRoute());
}

void* UdpSocket::Extension(absl::string_view name) {
  if (multicast_ == nullptr) return nullptr;
  return FindExtension<MulticastControl>(name, multicast_.get());
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
