#include "backends/tcp/tcp.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "backends/posix/connector.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/ip_socket.h"
#include "backends/posix/op_error.h"
#include "backends/posix/resolve.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "backends/posix/stream_listener.h"
#include "backends/tcp/tcp_conn.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/options.h"

namespace plumb {
namespace {

// What the Addrs of all three networks say.
constexpr char kTcp[] = "tcp";

ErrorInfo MakeInfo(absl::string_view op, absl::string_view network) {
  ErrorInfo info;
  info.op = std::string(op);
  info.network = std::string(network);
  return info;
}

absl::Status CheckNetwork(absl::string_view op, absl::string_view network) {
  if (network == "tcp" || network == "tcp4" || network == "tcp6") {
    return absl::OkStatus();
  }
  return UnknownNetworkError(op, network);
}

bool IsWildcard(const IpAddr& ip) {
  return !ip.is_valid() || ip.IsUnspecified();
}

// One Dial: what its tries of several addresses share.
class Dialer {
 public:
  Dialer(Clock& clock, absl::string_view network, const DialOptions& options)
      : clock_(clock),
        network_(network),
        connector_(clock, options.timeout, options.deadline) {
    socket_options_.no_delay = options.no_delay.value_or(true);
    socket_options_.keep_alive = options.keep_alive.value_or(KeepAlive());
    socket_options_.send_buffer = options.send_buffer;
    socket_options_.receive_buffer = options.receive_buffer;
  }

  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view address,
      const std::optional<std::string>& local_address) {
    const absl::Status status = Resolve(address, local_address);
    if (!status.ok()) return ForOp(status, MakeInfo("dial", network_));
    return DialInTurn();
  }

 private:
  // Fills targets_ and local_. Errors are causes.
  absl::Status Resolve(absl::string_view address,
                       const std::optional<std::string>& local_address) {
    absl::StatusOr<std::vector<IpPort>> targets =
        ResolveForDial(network_, address, connector_);
    if (!targets.ok()) return targets.status();
    targets_ = *std::move(targets);
    if (!local_address.has_value()) return absl::OkStatus();
    // Of any family: a wildcard of the other one will do.
    const absl::StatusOr<IpPort> local =
        ResolveForListen(kTcp, *local_address, connector_);
    if (!local.ok()) return local.status();
    local_ = *local;
    return DropUnreachable();
  }

  // Keeps the targets that can be reached from local_.
  absl::Status DropUnreachable() {
    const IpAddr from = local_->ip;
    if (IsWildcard(from)) return absl::OkStatus();
    auto unreachable = [&from](const IpPort& target) {
      return !IsWildcard(target.ip) && target.ip.is_v4() != from.is_v4();
    };
    targets_.erase(
        std::remove_if(targets_.begin(), targets_.end(), unreachable),
        targets_.end());
    if (!targets_.empty()) return absl::OkStatus();
    return OpError(absl::StatusCode::kInvalidArgument, ErrorInfo(),
                   absl::StrCat("address ", local_->ToString(),
                                ": no suitable address found"));
  }

  absl::StatusOr<std::unique_ptr<Conn>> DialInTurn() {
    absl::Status first_error;
    for (size_t i = 0; i < targets_.size(); ++i) {
      const absl::Status limits = connector_.Check(InfoOf(targets_[i]));
      if (!limits.ok()) {
        return first_error.ok() || IsCancelledCall(limits) ? limits
                                                           : first_error;
      }
      absl::StatusOr<std::unique_ptr<Conn>> conn =
          DialOne(targets_[i], connector_.ShareOfDeadline(targets_.size() - i));
      if (conn.ok()) return conn;
      if (first_error.ok()) first_error = conn.status();
    }
    return first_error;
  }

  // Again when the kernel connected the socket to itself, as it may when it
  // chooses the very port that is dialled, and when it found no free port.
  absl::StatusOr<std::unique_ptr<Conn>> DialOne(const IpPort& target,
                                                absl::Time deadline) {
    constexpr int kTries = 3;
    const bool fixed_port = local_.has_value() && local_->port != 0;
    for (int i = 1;; ++i) {
      absl::StatusOr<std::unique_ptr<Conn>> conn = TryOne(target, deadline);
      const bool self =
          conn.ok() && (*conn)->LocalAddr() == (*conn)->RemoteAddr();
      const bool no_port = IsNoPortLeft(conn.status());
      if (fixed_port || (!self && !no_port)) return conn;
      if (i < kTries) continue;
      if (!self) return conn;
      return ErrnoError(InfoOf(target), "connect", ECONNREFUSED);
    }
  }

  static bool IsNoPortLeft(const absl::Status& status) {
    if (status.ok()) return false;
    const std::optional<ErrorInfo> info = GetErrorInfo(status);
    return info.has_value() && info->syscall == "connect" &&
           info->errno_value == EADDRNOTAVAIL;
  }

  absl::StatusOr<std::unique_ptr<Conn>> TryOne(const IpPort& target,
                                               absl::Time deadline) {
    const ErrorInfo info = InfoOf(target);
    const IpAddr from = local_.has_value() ? local_->ip : IpAddr();
    const IpFamily family = FamilyForDial(network_, from, target.ip);
    absl::StatusOr<Descriptor> fd = Prepare(family);
    if (!fd.ok()) return ForOp(fd.status(), info);
    const absl::StatusOr<SockAddr> to = SockAddr::Ip(target, family.family);
    if (!to.ok()) return ForOp(to.status(), info);
    const absl::Status status =
        connector_.Connect(fd->get(), *to, deadline, info);
    if (!status.ok()) return status;
    return MakeConn(*std::move(fd), target);
  }

  // A socket with its options and its local address. Errors are causes.
  absl::StatusOr<Descriptor> Prepare(IpFamily family) const {
    absl::StatusOr<Descriptor> fd = MakeIpSocket(family, SOCK_STREAM);
    if (!fd.ok()) return fd;
    absl::Status status = SetTcpOptions(fd->get(), socket_options_);
    if (!status.ok()) return status;
    if (!local_.has_value()) return fd;
    const absl::StatusOr<SockAddr> from = SockAddr::Ip(*local_, family.family);
    if (!from.ok()) return from.status();
    status = BindSocket(fd->get(), *from);
    if (!status.ok()) return status;
    return fd;
  }

  std::unique_ptr<Conn> MakeConn(Descriptor fd, const IpPort& target) const {
    auto names = std::make_shared<CallNames>();
    names->network = network_;
    const absl::StatusOr<SockAddr> local = SocketName(fd.get());
    if (local.ok()) names->source = local->ToAddr(kTcp);
    const absl::StatusOr<SockAddr> peer = PeerName(fd.get());
    // A peer that has reset the connection already has no name any more.
    names->addr = peer.ok() ? peer->ToAddr(kTcp) : Addr::Ip(kTcp, target);
    return MakeTcpConn(clock_, std::move(fd), std::move(names));
  }

  ErrorInfo InfoOf(const IpPort& target) const {
    ErrorInfo info = MakeInfo("dial", network_);
    if (local_.has_value()) info.source = Addr::Ip(kTcp, *local_);
    info.addr = Addr::Ip(kTcp, target);
    return info;
  }

  Clock& clock_;
  const std::string network_;
  const Connector connector_;
  TcpSocketOptions socket_options_;
  std::vector<IpPort> targets_;
  std::optional<IpPort> local_;
};

// A socket that listens at `local`. Errors are causes.
absl::StatusOr<Descriptor> OpenListener(absl::string_view network,
                                        const IpPort& local,
                                        const ListenOptions& options) {
  const IpFamily family = FamilyForListen(network, local.ip);
  absl::StatusOr<Descriptor> fd = MakeIpSocket(family, SOCK_STREAM);
  if (!fd.ok()) return fd;
  const TcpSocketOptions socket_options = {
      options.no_delay.value_or(true), options.keep_alive.value_or(KeepAlive()),
      options.send_buffer, options.receive_buffer};
  absl::Status status = SetTcpOptions(fd->get(), socket_options);
  if (status.ok()) {
    status = SetIntOption(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1);
  }
  if (status.ok() && options.reuse_port.value_or(false)) {
    status = SetIntOption(fd->get(), SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (!status.ok()) return status;
  const absl::StatusOr<SockAddr> address = SockAddr::Ip(local, family.family);
  if (!address.ok()) return address.status();
  status = BindSocket(fd->get(), *address);
  if (status.ok()) {
    status = ListenSocket(fd->get(), options.backlog.value_or(MaxBacklog()));
  }
  if (!status.ok()) return status;
  return fd;
}

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(Clock& clock) : clock_(clock) {}

  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) override {
    absl::Status status = CheckNetwork("dial", network);
    if (!status.ok()) return status;
    status = CheckOptions("dial", network, options.SetNames(),
                          {"local_address", "no_delay", "keep_alive",
                           "send_buffer", "receive_buffer"});
    if (!status.ok()) return status;
    return Dialer(clock_, network, options)
        .Dial(address, options.local_address);
  }

  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override {
    absl::Status status = CheckNetwork("listen", network);
    if (!status.ok()) return status;
    status = CheckOptions("listen", network, options.SetNames(),
                          {"backlog", "reuse_port", "no_delay", "keep_alive",
                           "send_buffer", "receive_buffer"});
    if (!status.ok()) return status;
    ErrorInfo info = MakeInfo("listen", network);
    const absl::StatusOr<IpPort> local =
        ResolveForListen(network, address, Connector(clock_, options.timeout));
    if (!local.ok()) return ForOp(local.status(), std::move(info));
    info.addr = Addr::Ip(kTcp, *local);
    absl::StatusOr<Descriptor> fd = OpenListener(network, *local, options);
    if (!fd.ok()) return ForOp(fd.status(), std::move(info));
    return MakeListener(network, *std::move(fd), std::move(info));
  }

  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override {
    const absl::Status status = CheckNetwork("listen", network);
    if (!status.ok()) return status;
    return UnexpectedTypeError(network, address);
  }

 private:
  absl::StatusOr<std::unique_ptr<Listener>> MakeListener(
      absl::string_view network, Descriptor fd, ErrorInfo info) const {
    const absl::StatusOr<SockAddr> name = SocketName(fd.get());
    if (!name.ok()) return ForOp(name.status(), std::move(info));
    auto names = std::make_shared<CallNames>();
    names->network = std::string(network);
    names->addr = name->ToAddr(kTcp);
    return std::make_unique<StreamListener>(
        clock_, std::move(fd), std::move(names), kTcp, MakeTcpConn);
  }

  Clock& clock_;
};

}  // namespace

std::shared_ptr<Transport> MakeTcp(Clock& clock) {
  return std::make_shared<TcpTransport>(clock);
}

absl::Status RegisterTcp(Registry& registry) {
  const std::shared_ptr<Transport> tcp = MakeTcp();
  for (const char* network : {"tcp", "tcp4", "tcp6"}) {
    const absl::Status status = registry.Register(network, tcp);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace plumb
