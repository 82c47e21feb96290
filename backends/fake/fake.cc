#include "backends/fake/fake.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "backends/fake/default_observer.h"
#include "backends/fake/ip_net.h"
#include "backends/fake/network_state.h"
#include "backends/fake/unix_net.h"
#include "transport/network_name.h"

namespace plumb {
namespace {

enum class Family { kStream, kUdp, kUnix, kUnixgram, kRawIp, kUnknown };

Family FamilyOf(absl::string_view network) {
  const NetworkName parsed = ParseNetworkName(network);
  const bool plain = !parsed.protocol.has_value();
  if (parsed.base == "ip" && !plain) return Family::kRawIp;
  if (!plain) return Family::kUnknown;
  if (parsed.base == "tcp" || network == "fake") return Family::kStream;
  if (parsed.base == "udp" || network == "fakegram") return Family::kUdp;
  if (network == "unix" || network == "unixpacket") return Family::kUnix;
  return network == "unixgram" ? Family::kUnixgram : Family::kUnknown;
}

// Of `op` on a network that this host does not have that way.
absl::Status Unusable(absl::string_view op, absl::string_view network,
                      absl::string_view address) {
  ErrorInfo info = NetworkInfo(op, network);
  switch (FamilyOf(network)) {
    case Family::kUnknown:
      return OpError(absl::StatusCode::kInvalidArgument, std::move(info),
                     absl::StrCat("unknown network ", network));
    case Family::kRawIp:
      return UnsupportedError(std::move(info), "raw IP on a fake network");
    default:
      info.kind = ErrorKind::kUnsupported;
      info.addr = Addr::Named("", address);
      return OpError(
          absl::StatusCode::kUnimplemented, std::move(info),
          absl::StrCat("address ", address, ": unexpected address type"));
  }
}

}  // namespace

FakeHost::FakeHost(std::unique_ptr<HostRef> host) : host_(std::move(host)) {}

FakeHost::~FakeHost() = default;

const std::string& FakeHost::name() const { return host_->host->name; }

IpAddr FakeHost::ip4() const { return host_->host->v4; }

IpAddr FakeHost::ip6() const { return host_->host->v6; }

absl::Status FakeHost::RegisterAll(Registry& registry) {
  for (const char* network :
       {"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "ip", "ip4", "ip6",
        "unix", "unixgram", "unixpacket", "fake", "fakegram"}) {
    const absl::Status status = registry.Register(network, shared_from_this());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

std::vector<NetstatRow> FakeHost::Netstat() const {
  std::vector<NetstatRow> rows;
  {
    SystemMutexLock lock(&host_->network->mutex);
    for (const NetstatSource* source : host_->host->sockets) {
      NetstatRow row = source->Row();
      if (!row.network.empty()) rows.push_back(std::move(row));
    }
    for (NetstatRow& row :
         host_->host->tcp.TimeWaitRows(host_->clock().MonotonicNow())) {
      rows.push_back(std::move(row));
    }
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::tie(a.network, a.local, a.remote) <
           std::tie(b.network, b.local, b.remote);
  });
  return rows;
}

absl::Status FakeHost::RemovePath(absl::string_view path) {
  return RemoveUnixPath(*host_, path);
}

absl::StatusOr<std::unique_ptr<Conn>> FakeHost::Dial(
    absl::string_view network, absl::string_view address,
    const DialOptions& options) {
  switch (FamilyOf(network)) {
    case Family::kStream:
      return DialStream(*host_, network, address, options);
    case Family::kUdp:
      return DialUdp(*host_, network, address, options);
    case Family::kUnix:
    case Family::kUnixgram:
      return DialUnix(*host_, network, address, options);
    default:
      return Unusable("dial", network, address);
  }
}

absl::StatusOr<std::unique_ptr<Listener>> FakeHost::Listen(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  switch (FamilyOf(network)) {
    case Family::kStream:
      return ListenStream(*host_, network, address, options);
    case Family::kUdp:
      return ListenUdp(*host_, network, address, options);
    case Family::kUnix:
      return ListenUnix(*host_, network, address, options);
    default:
      return Unusable("listen", network, address);
  }
}

absl::StatusOr<std::unique_ptr<PacketConn>> FakeHost::ListenPacket(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  switch (FamilyOf(network)) {
    case Family::kUdp:
      return ListenUdpPacket(*host_, network, address, options);
    case Family::kUnixgram:
      return ListenUnixgram(*host_, network, address, options);
    default:
      return Unusable("listen", network, address);
  }
}

FakeNetwork::FakeNetwork(FakeNetworkOptions options)
    : state_(std::make_shared<NetworkState>(
          WithDefaultObserver(std::move(options)))) {}

FakeNetwork::~FakeNetwork() = default;

std::shared_ptr<FakeHost> FakeNetwork::Host(absl::string_view name) {
  const std::string key = absl::AsciiStrToLower(name);
  SystemMutexLock lock(&mutex_);
  std::shared_ptr<FakeHost>& host = hosts_[key];
  if (host != nullptr) return host;
  const uint32_t number = static_cast<uint32_t>(hosts_.size());
  const FakeNetworkOptions& options = state_->options;
  auto made = std::make_unique<HostState>(std::string(name), number, options);
  HostState* const made_state = made.get();
  {
    SystemMutexLock state_lock(&state_->mutex);
    state_->by_ip[made->v4] = made_state;
    state_->by_ip[made->v6] = made_state;
    state_->hosts[key] = std::move(made);
  }
  auto ref = std::make_unique<HostRef>();
  ref->network = state_;
  ref->host = made_state;
  host.reset(new FakeHost(std::move(ref)));
  return host;
}

void FakeNetwork::JudgeInFlight() {
  if (state_->wire != nullptr) state_->wire->JudgeInFlight();
}

std::vector<PacketInFlight> FakeNetwork::InFlight() const {
  if (state_->wire == nullptr) return {};
  return state_->wire->InFlight();
}

absl::Status RegisterFake(Registry& registry, FakeNetworkOptions options) {
  const std::shared_ptr<FakeHost> host = FakeNetwork(options).Host("localhost");
  for (const char* network : {"fake", "fakegram"}) {
    const absl::Status status = registry.Register(network, host);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace plumb
