#include "backends/posix/ip_dialer.h"

#include <utility>

#include "backends/local_address.h"
#include "backends/posix/ip_socket.h"
#include "backends/posix/op_error.h"
#include "backends/posix/resolve.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"

namespace plumb {

IpDialer::IpDialer(Clock& clock, absl::string_view network,
                   const char* addr_network, const DialOptions& options)
    : network_(network),
      addr_network_(addr_network),
      connector_(clock, options.timeout, options.deadline),
      local_address_(options.local_address) {}

absl::StatusOr<std::unique_ptr<Conn>> IpDialer::Dial(absl::string_view address,
                                                     DialOne dial_one) {
  const absl::Status resolved = Resolve(address);
  if (!resolved.ok()) {
    ErrorInfo info;
    info.op = "dial";
    info.network = network_;
    return ForOp(resolved, std::move(info));
  }
  absl::Status first_error;
  for (size_t i = 0; i < targets_.size(); ++i) {
    const absl::Status limits = connector_.Check(InfoOf(targets_[i]));
    if (!limits.ok()) {
      return first_error.ok() || IsCancelledCall(limits) ? limits : first_error;
    }
    absl::StatusOr<std::unique_ptr<Conn>> conn =
        dial_one(targets_[i], connector_.ShareOfDeadline(targets_.size() - i));
    if (conn.ok()) return conn;
    if (first_error.ok()) first_error = conn.status();
  }
  return first_error;
}

// Fills targets_ and local_. Errors are causes.
absl::Status IpDialer::Resolve(absl::string_view address) {
  absl::StatusOr<std::vector<IpPort>> targets =
      ResolveForDial(network_, address, connector_);
  if (!targets.ok()) return targets.status();
  targets_ = *std::move(targets);
  if (!local_address_.has_value()) return absl::OkStatus();
  const absl::StatusOr<IpPort> local = ResolveLocalAddress(
      network_, addr_network_,
      [this](absl::string_view network) {
        return ResolveForListen(network, *local_address_, connector_);
      },
      targets_);
  if (!local.ok()) return local.status();
  local_ = *local;
  return absl::OkStatus();
}

absl::Status IpDialer::BindLocal(int fd, int family) const {
  if (!local_.has_value()) return absl::OkStatus();
  return BindIpSocket(fd, family, *local_);
}

absl::Status IpDialer::Connect(int fd, int family, const IpPort& target,
                               MonotonicNanos deadline) const {
  const ErrorInfo info = InfoOf(target);
  const absl::StatusOr<SockAddr> to = SockAddr::Ip(target, family);
  if (!to.ok()) return ForOp(to.status(), info);
  return connector_.Connect(fd, *to, deadline, info);
}

std::shared_ptr<CallNames> IpDialer::NamesOf(int fd,
                                             const IpPort& target) const {
  auto names = std::make_shared<CallNames>();
  names->network = network_;
  const absl::StatusOr<SockAddr> local = SocketName(fd);
  if (local.ok()) names->source = local->ToAddr(addr_network_);
  const absl::StatusOr<SockAddr> peer = PeerName(fd);
  // A peer that has reset the connection already has no name any more.
  names->addr = peer.ok() ? peer->ToAddr(addr_network_) : ToAddr(target);
  return names;
}

ErrorInfo IpDialer::InfoOf(const IpPort& target) const {
  ErrorInfo info;
  info.op = "dial";
  info.network = network_;
  if (local_.has_value()) info.source = ToAddr(*local_);
  info.addr = ToAddr(target);
  return info;
}

Addr IpDialer::ToAddr(const IpPort& place) const {
  return Addr::Ip(addr_network_, place);
}

}  // namespace plumb
