#include "backends/unix/unix.h"

#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/posix/connector.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/op_error.h"
#include "backends/posix/packet_socket.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "backends/posix/stream_listener.h"
#include "backends/unix/unix_bind.h"
#include "backends/unix/unix_conn.h"
#include "backends/unix/unix_handles.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/options.h"
#include "transport/unix_options.h"

namespace plumb {
namespace {

struct Network {
  const char* name;
  int type;
};
constexpr Network kNetworks[] = {{"unix", SOCK_STREAM},
                                 {"unixgram", SOCK_DGRAM},
                                 {"unixpacket", SOCK_SEQPACKET}};

// Null for a network of somebody else.
const Network* FindNetwork(absl::string_view name) {
  for (const Network& network : kNetworks) {
    if (network.name == name) return &network;
  }
  return nullptr;
}

ErrorInfo MakeInfo(absl::string_view op, const Network& network) {
  ErrorInfo info;
  info.op = std::string(op);
  info.network = network.name;
  return info;
}

Addr NameOf(const absl::StatusOr<SockAddr>& address, const Network& network) {
  const Addr addr = address.ok() ? address->ToAddr(network.name) : Addr();
  return addr.has_value() ? addr : Addr::Unnamed(network.name);
}

// A socket with its buffer. Errors are causes.
absl::StatusOr<Descriptor> OpenSocket(const Network& network,
                                      const std::optional<int>& send_buffer) {
  absl::StatusOr<Descriptor> fd = MakeSocket(AF_UNIX, network.type, 0);
  if (!fd.ok()) return fd;
  if (!send_buffer.has_value()) return fd;
  const absl::Status status =
      SetIntOption(fd->get(), SOL_SOCKET, SO_SNDBUF, *send_buffer);
  if (!status.ok()) return status;
  return fd;
}

std::unique_ptr<Conn> MakeDialled(const Network& network, Clock& clock,
                                  Descriptor fd,
                                  std::shared_ptr<const CallNames> names) {
  switch (network.type) {
    case SOCK_STREAM:
      return MakeUnixConn(clock, std::move(fd), std::move(names));
    case SOCK_SEQPACKET:
      return MakeUnixPacketConn(clock, std::move(fd), std::move(names));
    default:
      return MakeUnixgramConn(clock, std::move(fd), std::move(names));
  }
}

// A socket that is bound to `name`. Errors are causes.
absl::StatusOr<Descriptor> OpenBound(const Network& network,
                                     const std::string& name,
                                     const ListenOptions& options,
                                     const UnixListenOptions& unix_options) {
  absl::StatusOr<Descriptor> fd = OpenSocket(network, options.send_buffer);
  if (!fd.ok()) return fd;
  const absl::Status status =
      BindUnixName(fd->get(), network.type, name, unix_options);
  if (!status.ok()) return status;
  return fd;
}

UnixListenOptions GetUnixOptions(const ListenOptions& options) {
  const auto* extra = options.extras.Get<UnixListenOptions>();
  return extra == nullptr ? UnixListenOptions() : *extra;
}

// A PacketConn or Listener of class `T` that removes the file of `name` when
// it is closed if `unlink` says so.
template <typename T, typename... Args>
std::unique_ptr<T> MakeBound(bool unlink, const std::string& name,
                             Args&&... args) {
  if (!unlink) return std::make_unique<T>(std::forward<Args>(args)...);
  return std::make_unique<UnlinkingOnClose<T>>(name,
                                               std::forward<Args>(args)...);
}

class UnixTransport final : public Transport {
 public:
  explicit UnixTransport(Clock& clock) : clock_(clock) {}

  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network_name, absl::string_view address,
      const DialOptions& options) override {
    const Network* const network = FindNetwork(network_name);
    if (network == nullptr) return UnknownNetworkError("dial", network_name);
    const absl::Status honoured =
        CheckOptions("dial", network_name, options.SetNames(),
                     {"local_address", "send_buffer"});
    if (!honoured.ok()) return honoured;
    ErrorInfo info = MakeInfo("dial", *network);
    if (address.empty()) {
      return OpError(absl::StatusCode::kInvalidArgument, std::move(info),
                     "missing address");
    }
    if (options.local_address.has_value()) {
      info.source = Addr::Named(network->name, *options.local_address);
    }
    info.addr = Addr::Named(network->name, address);
    return Connect(*network, options, info);
  }

  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network_name, absl::string_view address,
      const ListenOptions& options) override {
    const Network* const network = FindNetwork(network_name);
    if (network == nullptr) return UnknownNetworkError("listen", network_name);
    if (network->type == SOCK_DGRAM) {
      return UnexpectedTypeError(network_name, address);
    }
    const absl::Status honoured = CheckOptions(
        "listen", network_name, options.SetNames(),
        {"backlog", "send_buffer", UnixListenOptions::kOptionName});
    if (!honoured.ok()) return honoured;
    return ListenAt(*network, std::string(address), options);
  }

  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network_name, absl::string_view address,
      const ListenOptions& options) override {
    const Network* const network = FindNetwork(network_name);
    if (network == nullptr) return UnknownNetworkError("listen", network_name);
    if (network->type != SOCK_DGRAM) {
      return UnexpectedTypeError(network_name, address);
    }
    const absl::Status honoured =
        CheckOptions("listen", network_name, options.SetNames(),
                     {"send_buffer", UnixListenOptions::kOptionName});
    if (!honoured.ok()) return honoured;
    return OpenPackets(*network, std::string(address), options);
  }

 private:
  absl::StatusOr<std::unique_ptr<Conn>> Connect(const Network& network,
                                                const DialOptions& options,
                                                const ErrorInfo& info) const {
    const Connector connector(clock_, options.timeout, options.deadline);
    const absl::StatusOr<SockAddr> to = SockAddr::Unix(info.addr.name());
    if (!to.ok()) return ErrnoError(info, "connect", EINVAL);
    absl::StatusOr<Descriptor> fd = OpenSocket(network, options.send_buffer);
    if (!fd.ok()) return ForOp(fd.status(), info);
    absl::Status status;
    if (options.local_address.has_value()) {
      status = BindUnixName(fd->get(), network.type, *options.local_address,
                            UnixListenOptions());
      if (!status.ok()) return ForOp(status, info);
    }
    status = connector.Connect(fd->get(), *to, connector.deadline(), info);
    if (!status.ok()) {
      UnlinkUnixName(options.local_address.value_or(""));
      return status;
    }
    auto names = std::make_shared<CallNames>();
    names->network = network.name;
    names->source = NameOf(SocketName(fd->get()), network);
    names->addr = info.addr;
    return MakeDialled(network, clock_, *std::move(fd), std::move(names));
  }

  absl::StatusOr<std::unique_ptr<Listener>> ListenAt(
      const Network& network, const std::string& name,
      const ListenOptions& options) const {
    const UnixListenOptions unix_options = GetUnixOptions(options);
    ErrorInfo info = MakeInfo("listen", network);
    info.addr = Addr::Named(network.name, name);
    absl::StatusOr<Descriptor> fd =
        OpenBound(network, name, options, unix_options);
    if (!fd.ok()) return ForOp(fd.status(), std::move(info));
    const absl::Status status =
        ListenSocket(fd->get(), options.backlog.value_or(MaxBacklog()));
    if (!status.ok()) {
      UnlinkUnixName(name);
      return ForOp(status, std::move(info));
    }
    auto names = std::make_shared<CallNames>();
    names->network = network.name;
    names->addr = NameOf(SocketName(fd->get()), network);
    return MakeBound<StreamListener>(
        unix_options.unlink_on_close.value_or(true), name, clock_,
        *std::move(fd), std::move(names), network.name,
        network.type == SOCK_STREAM ? MakeUnixConn : MakeUnixPacketConn,
        options.send_buffer);
  }

  absl::StatusOr<std::unique_ptr<PacketConn>> OpenPackets(
      const Network& network, const std::string& name,
      const ListenOptions& options) const {
    const UnixListenOptions unix_options = GetUnixOptions(options);
    ErrorInfo info = MakeInfo("listen", network);
    info.addr = Addr::Named(network.name, name);
    absl::StatusOr<Descriptor> fd =
        OpenBound(network, name, options, unix_options);
    if (!fd.ok()) return ForOp(fd.status(), std::move(info));
    auto names = std::make_shared<CallNames>();
    names->network = network.name;
    names->source = NameOf(SocketName(fd->get()), network);
    return MakeBound<HandlePassingPackets>(
        unix_options.unlink_on_close.value_or(false), name, clock_,
        *std::move(fd), std::move(names),
        PacketSocketKind{network.name, AF_UNIX, 0});
  }

  Clock& clock_;
};

}  // namespace

std::shared_ptr<Transport> MakeUnix(Clock& clock) {
  return std::make_shared<UnixTransport>(clock);
}

absl::Status RegisterUnix(Registry& registry) {
  const std::shared_ptr<Transport> transport = MakeUnix();
  for (const Network& network : kNetworks) {
    const absl::Status status = registry.Register(network.name, transport);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace plumb
