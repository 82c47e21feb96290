#include "backends/udp/udp.h"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/ip_dialer.h"
#include "backends/posix/ip_listen.h"
#include "backends/posix/ip_socket.h"
#include "backends/posix/message_conn.h"
#include "backends/posix/op_error.h"
#include "backends/posix/socket.h"
#include "backends/udp/udp_limits.h"
#include "backends/udp/udp_listener.h"
#include "backends/udp/udp_packets.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/options.h"
#include "transport/udp_options.h"

namespace plumb {
namespace {

// What the Addrs of all three networks say.
constexpr char kUdp[] = "udp";

ErrorInfo MakeInfo(absl::string_view op, absl::string_view network) {
  ErrorInfo info;
  info.op = std::string(op);
  info.network = std::string(network);
  return info;
}

absl::Status CheckNetwork(absl::string_view op, absl::string_view network) {
  if (network == "udp" || network == "udp4" || network == "udp6") {
    return absl::OkStatus();
  }
  return UnknownNetworkError(op, network);
}

absl::Status CheckLimits(absl::string_view network,
                         const UdpListenOptions& limits) {
  if (limits.idle_timeout > absl::ZeroDuration()) return absl::OkStatus();
  ErrorInfo info = MakeInfo("listen", network);
  info.detail = UdpListenOptions::kOptionName;
  return OpError(
      absl::StatusCode::kInvalidArgument, std::move(info),
      absl::StrCat("idle_timeout ", absl::FormatDuration(limits.idle_timeout),
                   " is not positive"));
}

// As listen(2) takes it: 0 is one, less is as many as the system allows.
size_t BacklogOf(const ListenOptions& options) {
  const int backlog = options.backlog.value_or(-1);
  return static_cast<size_t>(backlog < 0 ? MaxBacklog() : std::max(backlog, 1));
}

// A socket with the options that every one has. Errors are causes.
absl::StatusOr<Descriptor> OpenSocket(IpFamily family,
                                      std::optional<int> send_buffer,
                                      std::optional<int> receive_buffer) {
  absl::StatusOr<Descriptor> fd = MakeIpSocket(family, SOCK_DGRAM);
  if (!fd.ok()) return fd;
  const absl::Status status =
      SetDatagramOptions(fd->get(), send_buffer, receive_buffer);
  if (!status.ok()) return status;
  return fd;
}

// A socket that is bound to `local`. Errors are causes.
absl::StatusOr<Descriptor> OpenBound(IpFamily family, IpPort local,
                                     const ListenOptions& options) {
  absl::StatusOr<Descriptor> fd =
      OpenSocket(family, options.send_buffer, options.receive_buffer);
  if (!fd.ok()) return fd;
  absl::Status status;
  if (options.reuse_port.value_or(false)) {
    status = SetIntOption(fd->get(), SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (local.ip.IsMulticast()) {
    // Every member of the group on this machine binds the same port. Linux
    // would deliver to a socket that is bound to the group only what is sent
    // there.
    local.ip = IpAddr();
    status.Update(SetIntOption(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1));
  }
  if (status.ok()) status = BindIpSocket(fd->get(), family.family, local);
  if (!status.ok()) return status;
  return fd;
}

absl::StatusOr<BoundSocket> Bind(Clock& clock, absl::string_view network,
                                 absl::string_view address,
                                 const ListenOptions& options) {
  return BindIp(clock, network, kUdp, address, options.timeout,
                [&options](IpFamily family, const IpPort& local) {
                  return OpenBound(family, local, options);
                });
}

class UdpTransport final : public Transport {
 public:
  explicit UdpTransport(Clock& clock) : clock_(clock) {}

  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) override {
    absl::Status status = CheckNetwork("dial", network);
    if (!status.ok()) return status;
    status = CheckOptions("dial", network, options.SetNames(),
                          {"local_address", "send_buffer", "receive_buffer"});
    if (!status.ok()) return status;
    IpDialer dialer(clock_, network, kUdp, options);
    return dialer.Dial(
        address, [&](const IpPort& target, MonotonicNanos deadline) {
          return DialOne(dialer, network, options, target, deadline);
        });
  }

  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override {
    absl::Status status = CheckNetwork("listen", network);
    if (!status.ok()) return status;
    status = CheckOptions("listen", network, options.SetNames(),
                          {"backlog", "reuse_port", "send_buffer",
                           "receive_buffer", UdpListenOptions::kOptionName});
    if (!status.ok()) return status;
    UdpListenOptions limits;
    if (const auto* set = options.extras.Get<UdpListenOptions>()) limits = *set;
    status = CheckLimits(network, limits);
    if (!status.ok()) return status;
    absl::StatusOr<BoundSocket> bound = Bind(clock_, network, address, options);
    if (!bound.ok()) return bound.status();
    auto names = std::make_shared<CallNames>();
    names->network = std::string(network);
    names->addr = bound->local;
    return std::make_unique<UdpListener>(clock_, std::move(bound->fd),
                                         std::move(names), limits,
                                         BacklogOf(options));
  }

  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override {
    absl::Status status = CheckNetwork("listen", network);
    if (!status.ok()) return status;
    status = CheckOptions("listen", network, options.SetNames(),
                          {"reuse_port", "send_buffer", "receive_buffer"});
    if (!status.ok()) return status;
    absl::StatusOr<BoundSocket> bound = Bind(clock_, network, address, options);
    if (!bound.ok()) return bound.status();
    auto names = std::make_shared<CallNames>();
    names->network = std::string(network);
    names->source = bound->local;
    return std::make_unique<UdpPackets>(clock_, std::move(bound->fd),
                                        std::move(names), bound->family);
  }

 private:
  absl::StatusOr<std::unique_ptr<Conn>> DialOne(const IpDialer& dialer,
                                                absl::string_view network,
                                                const DialOptions& options,
                                                const IpPort& target,
                                                MonotonicNanos deadline) const {
    const IpFamily family =
        FamilyForDial(network, dialer.local_ip(), target.ip);
    absl::StatusOr<Descriptor> fd =
        OpenSocket(family, options.send_buffer, options.receive_buffer);
    if (!fd.ok()) return ForOp(fd.status(), dialer.InfoOf(target));
    absl::Status status = dialer.BindLocal(fd->get(), family.family);
    if (!status.ok()) return ForOp(status, dialer.InfoOf(target));
    status = dialer.Connect(fd->get(), family.family, target, deadline);
    if (!status.ok()) return status;
    std::shared_ptr<CallNames> names = dialer.NamesOf(fd->get(), target);
    const MessageKind kind = {MaxUdpMessageSize(names->addr.ip())};
    return std::make_unique<MessageConn>(clock_, *std::move(fd),
                                         std::move(names), kind);
  }

  Clock& clock_;
};

}  // namespace

std::shared_ptr<Transport> MakeUdp(Clock& clock) {
  return std::make_shared<UdpTransport>(clock);
}

absl::Status RegisterUdp(Registry& registry) {
  const std::shared_ptr<Transport> udp = MakeUdp();
  for (const char* network : {"udp", "udp4", "udp6"}) {
    const absl::Status status = registry.Register(network, udp);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace plumb
