#include "backends/tcp/tcp.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/ip_dialer.h"
#include "backends/posix/ip_listen.h"
#include "backends/posix/ip_socket.h"
#include "backends/posix/op_error.h"
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

absl::Status CheckNetwork(absl::string_view op, absl::string_view network) {
  if (network == "tcp" || network == "tcp4" || network == "tcp6") {
    return absl::OkStatus();
  }
  return UnknownNetworkError(op, network);
}

bool IsNoPortLeft(const absl::Status& status) {
  if (status.ok()) return false;
  const std::optional<ErrorInfo> info = GetErrorInfo(status);
  return info.has_value() && info->syscall == "connect" &&
         info->errno_value == EADDRNOTAVAIL;
}

// What one Dial does with each of its targets.
class TcpDialer {
 public:
  TcpDialer(Clock& clock, absl::string_view network, const DialOptions& options)
      : clock_(clock),
        network_(network),
        ip_dialer_(clock, network, kTcp, options) {
    socket_options_.no_delay = options.no_delay.value_or(true);
    socket_options_.keep_alive = options.keep_alive.value_or(KeepAlive());
    socket_options_.send_buffer = options.send_buffer;
    socket_options_.receive_buffer = options.receive_buffer;
  }

  absl::StatusOr<std::unique_ptr<Conn>> Dial(absl::string_view address) {
    return ip_dialer_.Dial(
        address, [this](const IpPort& target, MonotonicNanos deadline) {
          return DialOne(target, deadline);
        });
  }

 private:
  // Again when the kernel connected the socket to itself, as it may when it
  // chooses the very port that is dialled, and when it found no free port.
  absl::StatusOr<std::unique_ptr<Conn>> DialOne(const IpPort& target,
                                                MonotonicNanos deadline) const {
    constexpr int kTries = 3;
    const std::optional<IpPort> local = ip_dialer_.local();
    const bool fixed_port = local.has_value() && local->port != 0;
    for (int i = 1;; ++i) {
      absl::StatusOr<std::unique_ptr<Conn>> conn = TryOne(target, deadline);
      const bool self =
          conn.ok() && (*conn)->LocalAddr() == (*conn)->RemoteAddr();
      const bool no_port = IsNoPortLeft(conn.status());
      if (fixed_port || (!self && !no_port)) return conn;
      if (i < kTries) continue;
      if (!self) return conn;
      return ErrnoError(ip_dialer_.InfoOf(target), "connect", ECONNREFUSED);
    }
  }

  absl::StatusOr<std::unique_ptr<Conn>> TryOne(const IpPort& target,
                                               MonotonicNanos deadline) const {
    const IpFamily family =
        FamilyForDial(network_, ip_dialer_.local_ip(), target.ip);
    absl::StatusOr<Descriptor> fd = Prepare(family);
    if (!fd.ok()) return ForOp(fd.status(), ip_dialer_.InfoOf(target));
    const absl::Status status =
        ip_dialer_.Connect(fd->get(), family.family, target, deadline);
    if (!status.ok()) return status;
    std::shared_ptr<CallNames> names = ip_dialer_.NamesOf(fd->get(), target);
    return MakeTcpConn(clock_, *std::move(fd), std::move(names));
  }

  // A socket with its options and its local address. Errors are causes.
  absl::StatusOr<Descriptor> Prepare(IpFamily family) const {
    absl::StatusOr<Descriptor> fd = MakeIpSocket(family, SOCK_STREAM);
    if (!fd.ok()) return fd;
    absl::Status status = SetTcpOptions(fd->get(), socket_options_);
    if (status.ok()) status = ip_dialer_.BindLocal(fd->get(), family.family);
    if (!status.ok()) return status;
    return fd;
  }

  Clock& clock_;
  const std::string network_;
  IpDialer ip_dialer_;
  TcpSocketOptions socket_options_;
};

// A socket that listens at `local`. Errors are causes.
absl::StatusOr<Descriptor> OpenListener(IpFamily family, const IpPort& local,
                                        const ListenOptions& options) {
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
  if (status.ok()) status = BindIpSocket(fd->get(), family.family, local);
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
    return TcpDialer(clock_, network, options).Dial(address);
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
    absl::StatusOr<BoundSocket> bound =
        BindIp(clock_, network, kTcp, address, options.timeout,
               [&options](IpFamily family, const IpPort& local) {
                 return OpenListener(family, local, options);
               });
    if (!bound.ok()) return bound.status();
    auto names = std::make_shared<CallNames>();
    names->network = std::string(network);
    names->addr = bound->local;
    return std::make_unique<StreamListener>(
        clock_, std::move(bound->fd), std::move(names), kTcp, MakeTcpConn);
  }

  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override {
    const absl::Status status = CheckNetwork("listen", network);
    if (!status.ok()) return status;
    return UnexpectedTypeError(network, address);
  }

 private:
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
