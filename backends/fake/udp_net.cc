#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "backends/fake/address_set.h"
#include "backends/fake/datagram_conns.h"
#include "backends/fake/dial_targets.h"
#include "backends/fake/fake_stream.h"
#include "backends/fake/ip_kinds.h"
#include "backends/fake/ip_net.h"
#include "backends/fake/lease.h"
#include "backends/fake/multicast.h"
#include "backends/fake/port_table.h"
#include "backends/fake/udp_hub.h"
#include "backends/fake/udp_hub_conns.h"
#include "backends/fake/udp_socket.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

template <typename Options>
DatagramSocket::Limits MakeLimits(const HostRef& host, const Options& options) {
  DatagramSocket::Limits limits;
  limits.bytes = options.receive_buffer.has_value()
                     ? BufferSize(*options.receive_buffer)
                     : host.network->options.datagram_buffer;
  limits.messages = limits.bytes;  // no limit of their own
  limits.sender_waits = false;
  return limits;
}

// Keeps what is bound to `port` as `id`. Not to be released under the network's
// mutex.
Lease PortLease(const HostRef& host, uint16_t port, uint64_t id) {
  return Lease([host, port, id] {
    SystemMutexLock lock(&host.network->mutex);
    host.host->udp.Unbind(port, id);
  });
}

// Where to listen, and with whom.
struct Place {
  IpPort asked;
  AddressSet where = AddressSet::AnyV4();
  PortSharing share = kAlone;
};

// A group's address shares the port with others that listen there, and is the
// wildcard, so that it does not keep off what is not for the group
// (multicast.h).
void ListenAtGroup(absl::string_view network, Place& place) {
  place.where = place.asked.ip.is_v4() ? AddressSet::AnyV4()
                                       : AddressesToListen(network, IpAddr());
  place.share = place.share | kReuseAddress;
}

absl::StatusOr<Place> FindPlace(const HostRef& host, absl::string_view network,
                                absl::string_view address,
                                const ListenOptions& options) {
  const absl::StatusOr<IpPort> asked = host.ResolveForListen(network, address);
  if (!asked.ok()) {
    return FailWith(asked.status(), NetworkInfo("listen", network));
  }
  Place place = {*asked, AddressesToListen(network, asked->ip),
                 options.reuse_port.value_or(false) ? kReusePort : kAlone};
  if (asked->ip.IsMulticast()) {
    ListenAtGroup(network, place);
    return place;
  }
  const int error = host.BindError(SocketKind::kDatagrams, place.where.ip());
  if (error == 0) return place;
  ErrorInfo info = NetworkInfo("listen", network);
  info.addr = Addr::Ip(AddrNetwork(network), place.asked);
  return ErrnoError(std::move(info), "bind", error);
}

// Binds what `make(port)` makes; its port and the lease of it.
template <typename Make>
absl::StatusOr<std::pair<uint16_t, Lease>> BindUdp(const HostRef& host,
                                                   absl::string_view network,
                                                   const Place& place,
                                                   Make make) {
  uint16_t port = place.asked.port;
  uint64_t id;
  {
    SystemMutexLock lock(&host.network->mutex);
    PortTable<DatagramSink>& ports = host.host->udp;
    const int error = ports.Choose(place.where, &port, place.share, EADDRINUSE);
    if (error != 0) {
      ErrorInfo info = NetworkInfo("listen", network);
      info.addr = Addr::Ip(AddrNetwork(network), place.asked);
      return ErrnoError(std::move(info), "bind", error);
    }
    id = ports.Bind(place.where, port, place.share, make(port));
  }
  return std::make_pair(port, PortLease(host, port, id));
}

absl::Status BadIdleTimeout(absl::string_view network,
                            absl::Duration idle_timeout) {
  ErrorInfo info = NetworkInfo("listen", network);
  info.detail = UdpListenOptions::kOptionName;
  return OpError(
      absl::StatusCode::kInvalidArgument, std::move(info),
      absl::StrCat("idle_timeout ", absl::FormatDuration(idle_timeout),
                   " is not positive"));
}

// Why a socket that is bound to `own` cannot send to `to` for the interface
// that the one or the other names; 0 otherwise.
int LinkError(const IpAddr& own, const IpAddr& to) {
  const uint32_t bound = own.zone();
  if (bound == 0) return NeedsZone(to) ? EINVAL : 0;
  if (to.zone() != 0 && to.zone() != bound) return EINVAL;
  const bool on_loopback = to.IsLoopback() || to.IsMulticast();
  const bool reachable = bound == kLoopback ? on_loopback : !to.IsLoopback();
  return reachable ? 0 : ENETUNREACH;
}

absl::StatusOr<std::unique_ptr<Conn>> DialUdpTarget(
    const HostRef& host, absl::string_view network, const DialTargets& targets,
    const DialOptions& options) {
  const ErrorInfo info = targets.Info(network, targets.to.front());
  const IpPort target = targets.Destination(network, targets.to.front());
  const auto dialing =
      StartDialing(host.clock(), DialDeadline(host.clock(), options));
  const Call call(dialing->state, Direction::kWrite);
  if (!call.ok()) return CallError(call.outcome(), info);
  const absl::StatusOr<DialSource> source =
      targets.SourceFor(host, network, SocketKind::kDatagrams, target, info);
  if (!source.ok()) return source.status();
  uint16_t port = source->ip_port.port;
  // What is connected has the address that it sends from, if none other.
  const AddressSet where = source->bound.ip().IsUnspecified()
                               ? AddressSet::One(source->ip_port.ip)
                               : source->bound;
  std::shared_ptr<DatagramSocket> socket;
  uint64_t id;
  {
    SystemMutexLock lock(&host.network->mutex);
    PortTable<DatagramSink>& ports = host.host->udp;
    int error = ports.Choose(source->bound, &port, kAlone, EAGAIN);
    if (error != 0) {
      return ErrnoError(info, error == EAGAIN ? "connect" : "bind", error);
    }
    error = LinkError(where.ip(), target.ip);
    if (error != 0) return ErrnoError(info, "connect", error);
    const Addr remote = Addr::Ip(AddrNetwork(network), target);
    auto state = std::make_shared<CallState>(
        host.clock(),
        MakeNames(network, Addr::Ip(AddrNetwork(network), {where.ip(), port}),
                  remote));
    socket = std::make_shared<UdpSocket>(std::move(state), remote,
                                         MakeLimits(host, options),
                                         UdpPort{host, where, port});
    id = ports.Bind(where, port, kAlone, socket);
  }
  return std::make_unique<DatagramConn>(host, std::move(socket),
                                        PortLease(host, port, id));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Conn>> DialUdp(const HostRef& host,
                                              absl::string_view network,
                                              absl::string_view address,
                                              const DialOptions& options) {
  const absl::Status status =
      CheckOptions("dial", network, options.SetNames(),
                   {"local_address", "send_buffer", "receive_buffer"});
  if (!status.ok()) return status;
  const absl::StatusOr<DialTargets> targets =
      DialTargets::Resolve(host, network, address, options);
  if (!targets.ok()) {
    return FailWith(targets.status(), NetworkInfo("dial", network));
  }
  return DialUdpTarget(host, network, *targets, options);
}

absl::StatusOr<std::unique_ptr<Listener>> ListenUdp(
    const HostRef& host, absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  const absl::Status status =
      CheckOptions("listen", network, options.SetNames(),
                   {"backlog", "reuse_port", "send_buffer", "receive_buffer",
                    UdpListenOptions::kOptionName});
  if (!status.ok()) return status;
  const auto* set = options.extras.Get<UdpListenOptions>();
  const UdpListenOptions limits = set != nullptr ? *set : UdpListenOptions();
  if (limits.idle_timeout <= absl::ZeroDuration()) {
    return BadIdleTimeout(network, limits.idle_timeout);
  }
  const absl::StatusOr<Place> place =
      FindPlace(host, network, address, options);
  if (!place.ok()) return place.status();
  std::shared_ptr<UdpHub> hub;
  auto bound = BindUdp(host, network, *place, [&](uint16_t port) {
    const Addr addr = Addr::Ip(AddrNetwork(network), {place->where.ip(), port});
    hub = std::make_shared<UdpHub>(
        host.clock(), MakeNames(network, Addr(), addr), limits,
        std::max<size_t>(BacklogOf(host, options), 1));
    return hub;
  });
  if (!bound.ok()) return bound.status();
  hub->HoldLease(ShowWithLease(host, hub.get(), std::move(bound->second)));
  return MakeUdpListener(std::move(hub),
                         UdpPort{host, place->where, bound->first});
}

absl::StatusOr<std::unique_ptr<PacketConn>> ListenUdpPacket(
    const HostRef& host, absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  const absl::Status status =
      CheckOptions("listen", network, options.SetNames(),
                   {"reuse_port", "send_buffer", "receive_buffer"});
  if (!status.ok()) return status;
  const absl::StatusOr<Place> place =
      FindPlace(host, network, address, options);
  if (!place.ok()) return place.status();
  std::shared_ptr<UdpSocket> socket;
  auto bound = BindUdp(host, network, *place, [&](uint16_t port) {
    const Addr addr = Addr::Ip(AddrNetwork(network), {place->where.ip(), port});
    auto state = std::make_shared<CallState>(host.clock(),
                                             MakeNames(network, addr, Addr()));
    socket = std::make_shared<UdpSocket>(
        state, Addr(), MakeLimits(host, options),
        UdpPort{host, place->where, port},
        std::make_unique<UdpMulticast>(host, state, place->where));
    return socket;
  });
  if (!bound.ok()) return bound.status();
  Lease lease([socket, port = std::move(bound->second)]() mutable {
    socket->LeaveGroups();
    port.Release();
  });
  return std::make_unique<FakePacketConn>(host, std::move(socket),
                                          std::move(lease));
}

}  // namespace plumb
