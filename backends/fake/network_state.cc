#include "backends/fake/network_state.h"

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "transport/network_name.h"

namespace plumb {
namespace {

IpAddr HostV4(uint32_t number) {
  return IpAddr::V4(10, static_cast<uint8_t>(number >> 16),
                    static_cast<uint8_t>(number >> 8),
                    static_cast<uint8_t>(number));
}

IpAddr HostV6(uint32_t number) {
  std::array<uint8_t, 16> bytes = {0xfd};
  for (int i = 0; i < 4; ++i) {
    bytes[15 - i] = static_cast<uint8_t>(number >> (8 * i));
  }
  return IpAddr::V6(bytes);
}

absl::Status NoSuchHost(absl::string_view host) {
  ErrorInfo info;
  info.kind = ErrorKind::kNoSuchHost;
  info.detail = std::string(host);
  return OpError(absl::StatusCode::kNotFound, std::move(info),
                 absl::StrCat("lookup ", host, ": no such host"));
}

}  // namespace

HostState::HostState(std::string host_name, uint32_t number,
                     const FakeNetworkOptions& options)
    : name(std::move(host_name)),
      v4(HostV4(number)),
      v6(HostV6(number)),
      tcp({options.first_port, options.last_port},
          absl::ToInt64Nanoseconds(options.time_wait)),
      udp({options.first_port, options.last_port}, PortConflicts::kWithFirst) {}

absl::StatusOr<std::vector<IpAddr>> HostRef::Lookup(
    absl::string_view network_name, const Endpoint& endpoint) const {
  if (endpoint.ip.is_valid()) return std::vector<IpAddr>{endpoint.ip};
  const std::string wanted = absl::AsciiStrToLower(endpoint.host);
  std::vector<IpAddr> ips;
  if (wanted == "localhost") {
    ips = {IpAddr::LoopbackV4(), IpAddr::LoopbackV6()};
  } else {
    SystemMutexLock lock(&network->mutex);
    auto it = network->hosts.find(wanted);
    if (it == network->hosts.end()) return NoSuchHost(endpoint.host);
    ips = {it->second->v4, it->second->v6};
  }
  return FilterFamily(network_name, endpoint.host, ips);
}

absl::StatusOr<std::vector<IpPort>> HostRef::ResolveForDial(
    absl::string_view network_name, absl::string_view address) const {
  if (address.empty()) {
    return OpError(absl::StatusCode::kInvalidArgument, ErrorInfo(),
                   "missing address");
  }
  const absl::StatusOr<Endpoint> endpoint =
      ParseEndpoint(network_name, address);
  if (!endpoint.ok()) return endpoint.status();
  if (endpoint->host.empty()) {
    return std::vector<IpPort>{{IpAddr(), endpoint->port}};
  }
  const absl::StatusOr<std::vector<IpAddr>> ips =
      Lookup(network_name, *endpoint);
  if (!ips.ok()) return ips.status();
  std::vector<IpPort> targets;
  for (const IpAddr& ip : *ips) targets.push_back({ip, endpoint->port});
  return targets;
}

absl::StatusOr<IpPort> HostRef::ResolveForListen(
    absl::string_view network_name, absl::string_view address) const {
  const absl::StatusOr<Endpoint> endpoint =
      ParseEndpoint(network_name, address);
  if (!endpoint.ok()) return endpoint.status();
  if (endpoint->host.empty()) return IpPort{IpAddr(), endpoint->port};
  const absl::StatusOr<std::vector<IpAddr>> ips =
      Lookup(network_name, *endpoint);
  if (!ips.ok()) return ips.status();
  return IpPort{ips->front(), endpoint->port};
}

HostState* HostRef::FindHost(const IpAddr& ip) const {
  if (host->Has(ip)) return host;
  auto it = network->by_ip.find(ip);
  return it == network->by_ip.end() ? nullptr : it->second;
}

absl::string_view HostRef::NameOf(const IpAddr& ip) const {
  SystemMutexLock lock(&network->mutex);
  const HostState* const there = FindHost(ip);
  return there == nullptr ? absl::string_view() : there->name;
}

IpAddr HostRef::SourceFor(const IpAddr& to) const {
  // Its route has a source of its own, for all of 127/8.
  if (to.IsLoopback() && to.is_v4()) return IpAddr::LoopbackV4();
  if (host->Has(to)) return to;
  return to.is_v6() ? host->v6 : host->v4;
}

int HostRef::BindError(SocketKind kind, const IpAddr& ip) const {
  if (ip.IsUnspecified()) return 0;
  const bool group = ip.IsMulticast();
  if (group && ip.is_v6() && kind == SocketKind::kStream) return EINVAL;
  if (NeedsZone(ip)) return EINVAL;
  if (IsOfLink(ip) && ip.zone() != kLoopback && ip.zone() != kEthernet) {
    return ENODEV;
  }
  return group || IsBroadcast(ip) || host->Has(ip) ? 0 : EADDRNOTAVAIL;
}

void ShowSocket(const HostRef& host, const NetstatSource* source) {
  SystemMutexLock lock(&host.network->mutex);
  host.host->sockets.insert(source);
}

void HideSocket(const HostRef& host, const NetstatSource* source) {
  SystemMutexLock lock(&host.network->mutex);
  host.host->sockets.erase(source);
}

Lease ShowWithLease(const HostRef& host, const NetstatSource* source,
                    Lease other) {
  ShowSocket(host, source);
  return Lease([host, source, other = std::move(other)]() mutable {
    HideSocket(host, source);
    other.Release();
  });
}

size_t BacklogOf(const HostRef& host, const ListenOptions& options) {
  const int backlog = options.backlog.value_or(-1);
  return static_cast<size_t>(backlog < 0 ? host.network->options.backlog
                                         : backlog);
}

std::shared_ptr<const CallNames> MakeNames(absl::string_view network_name,
                                           const Addr& source,
                                           const Addr& addr) {
  auto names = std::make_shared<CallNames>();
  names->network = std::string(network_name);
  names->source = source;
  names->addr = addr;
  return names;
}

std::pair<std::shared_ptr<const CallNames>, std::shared_ptr<const CallNames>>
MakeNamesOfBoth(CallNames near, CallNames far) {
  using Both = std::array<CallNames, 2>;
  const auto both =
      std::make_shared<const Both>(Both{std::move(near), std::move(far)});
  return {std::shared_ptr<const CallNames>(both, &(*both)[0]),
          std::shared_ptr<const CallNames>(both, &(*both)[1])};
}

AddressSet AddressesToListen(absl::string_view network_name, const IpAddr& ip) {
  if (ip.is_valid() && !ip.IsUnspecified()) {
    return AddressSet::One(DropIdleZone(ip));
  }
  switch (ParseNetworkName(network_name).family) {
    case AddressFamily::kV4:
      return AddressSet::AnyV4();
    case AddressFamily::kV6:
      return AddressSet::AnyV6();
    default:
      return AddressSet::AnyOfBoth();
  }
}

const char* AddrNetwork(absl::string_view network_name) {
  const absl::string_view base = ParseNetworkName(network_name).base;
  for (const char* known :
       {"tcp", "udp", "unix", "unixgram", "unixpacket", "fake"}) {
    if (base == known) return known;
  }
  return "fakegram";
}

absl::Status FailWith(const absl::Status& cause, ErrorInfo info) {
  const std::optional<ErrorInfo> inner = GetErrorInfo(cause);
  if (inner.has_value()) {
    info.kind = inner->kind;
    info.syscall = inner->syscall;
    info.errno_value = inner->errno_value;
    info.detail = inner->detail;
  }
  return OpError(cause.code(), std::move(info), cause.message());
}

ErrorInfo NetworkInfo(absl::string_view op, absl::string_view network_name) {
  ErrorInfo info;
  info.op = std::string(op);
  info.network = std::string(network_name);
  return info;
}

}  // namespace plumb
