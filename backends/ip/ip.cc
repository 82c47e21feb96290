#include "backends/ip/ip.h"

#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/connector.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/ip_dialer.h"
#include "backends/posix/ip_socket.h"
#include "backends/posix/message_conn.h"
#include "backends/posix/op_error.h"
#include "backends/posix/packet_socket.h"
#include "backends/posix/raw_ops.h"
#include "backends/posix/resolve.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/ip_protocol.h"
#include "transport/network_name.h"
#include "transport/options.h"

namespace plumb {
namespace {

// What the Addrs of all networks say.
constexpr char kIp[] = "ip";

// A length field of 16 bits counts the header as well over IPv4, not over IPv6.
size_t MaxSize(int family) { return family == AF_INET ? 65535 - 20 : 65535; }

class RawIpv4Conn final : public MessageConn {
 public:
  using MessageConn::MessageConn;
  ~RawIpv4Conn() override { CloseOnce(); }

  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    return Receive(buffer, 0);
  }
  absl::StatusOr<size_t> Peek(absl::Span<char> buffer) override {
    return Receive(buffer, MSG_PEEK);
  }

 private:
  absl::StatusOr<size_t> Receive(absl::Span<char> buffer, int flags) {
    if (buffer.empty()) return MessageConn::Read(buffer);
    Call call(state(), Direction::kRead);
    if (!call.ok()) return call.Error("read");
    ReceiveRawIpv4Op op(fd(), buffer, nullptr, flags);
    if (!call.Run(op)) return call.Error("read");
    if (op.error() != 0) return ErrnoError(Info("read"), "read", op.error());
    if (op.full_size() > op.size()) {
      return CutMessageError(Info("read"), op.full_size());
    }
    return op.size();
  }
};

class RawIpv4Socket final : public PacketSocket {
 public:
  using PacketSocket::PacketSocket;
  ~RawIpv4Socket() override { CloseOnce(); }

  absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket> packets) override {
    if (packets.empty()) return PacketSocket::ReadBatch(packets);
    Call call(state(), Direction::kRead);
    if (!call.ok()) return call.Error("read");
    if (later_error_ != 0) return ReadError(std::exchange(later_error_, 0));
    SockAddr from;
    ReceiveRawIpv4Op first(fd(), packets[0].buffer, &from);
    if (!call.Run(first)) return call.Error("read");
    if (first.error() != 0) return ReadError(first.error());
    Fill(packets[0], first, from);
    size_t count = 1;
    for (InPacket& packet : packets.subspan(1)) {
      ReceiveRawIpv4Op op(fd(), packet.buffer, &from);
      if (!op.Attempt()) break;
      if ((later_error_ = op.error()) != 0) break;
      Fill(packet, op, from);
      ++count;
    }
    return count;
  }

 private:
  absl::Status ReadError(int error) const {
    return ErrnoError(Info("read"), "recvfrom", error);
  }

  static void Fill(InPacket& packet, const ReceiveRawIpv4Op& op,
                   const SockAddr& from) {
    packet.received.size = op.size();
    packet.received.full_size = op.full_size();
    packet.received.from = Addr::RawIp(from.ToAddr(kIp).ip());
  }

  // Of the one who has the read turn: what ended the last batch, for the next.
  int later_error_ = 0;
};

ErrorInfo MakeInfo(absl::string_view op, absl::string_view network) {
  ErrorInfo info;
  info.op = std::string(op);
  info.network = std::string(network);
  return info;
}

// The protocol of `network`, or the error of `op`.
absl::StatusOr<int> ParseNetwork(absl::string_view op,
                                 absl::string_view network) {
  const NetworkName parts = ParseNetworkName(network);
  if (parts.base != kIp || !parts.protocol.has_value()) {
    return UnknownNetworkError(op, network);
  }
  const absl::StatusOr<uint8_t> protocol = ParseIpProtocol(*parts.protocol);
  if (!protocol.ok()) return ForOp(protocol.status(), MakeInfo(op, network));
  return *protocol;
}

int FamilyOf(absl::string_view network, const IpAddr& ip) {
  switch (ParseNetworkName(network).family) {
    case AddressFamily::kV4:
      return AF_INET;
    case AddressFamily::kV6:
      return AF_INET6;
    default:
      return ip.is_v6() ? AF_INET6 : AF_INET;
  }
}

// The error of opening a socket, with what is needed to be allowed to.
absl::Status OpenError(const absl::Status& cause, ErrorInfo info) {
  const absl::Status status = ForOp(cause, std::move(info));
  std::optional<ErrorInfo> full = GetErrorInfo(status);
  if (!full.has_value() || full->errno_value != EPERM) return status;
  full->detail =
      "raw IP needs the capability CAP_NET_RAW: run as root, or "
      "\"setcap cap_net_raw+ep PROGRAM\"";
  return WithErrorInfo(status, *full);
}

// A socket with the options that every one has. The error is complete.
absl::StatusOr<Descriptor> OpenSocket(int family, int protocol,
                                      std::optional<int> send_buffer,
                                      std::optional<int> receive_buffer,
                                      const ErrorInfo& info) {
  absl::StatusOr<Descriptor> fd = MakeSocket(family, SOCK_RAW, protocol);
  if (!fd.ok()) return OpenError(fd.status(), info);
  const absl::Status status =
      SetDatagramOptions(fd->get(), send_buffer, receive_buffer);
  if (!status.ok()) return ForOp(status, info);
  return fd;
}

class IpTransport final : public Transport {
 public:
  explicit IpTransport(Clock& clock) : clock_(clock) {}

  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) override {
    const absl::StatusOr<int> protocol = ParseNetwork("dial", network);
    if (!protocol.ok()) return protocol.status();
    const absl::Status status =
        CheckOptions("dial", network, options.SetNames(),
                     {"local_address", "send_buffer", "receive_buffer"});
    if (!status.ok()) return status;
    IpDialer dialer(clock_, network, kIp, options);
    return dialer.Dial(address, [&](const IpPort& target,
                                    MonotonicNanos deadline) {
      const int family = FamilyOf(network, target.ip);
      absl::StatusOr<Descriptor> fd =
          OpenSocket(family, *protocol, options.send_buffer,
                     options.receive_buffer, dialer.InfoOf(target));
      return fd.ok() ? Connect(dialer, *std::move(fd), family, target, deadline)
                     : fd.status();
    });
  }

  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override {
    const absl::StatusOr<int> protocol = ParseNetwork("listen", network);
    if (!protocol.ok()) return protocol.status();
    return UnexpectedTypeError(network, address);
  }

  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override {
    const absl::StatusOr<int> protocol = ParseNetwork("listen", network);
    if (!protocol.ok()) return protocol.status();
    const absl::Status status =
        CheckOptions("listen", network, options.SetNames(),
                     {"send_buffer", "receive_buffer"});
    if (!status.ok()) return status;
    ErrorInfo info = MakeInfo("listen", network);
    const absl::StatusOr<IpPort> local =
        ResolveForListen(network, address, Connector(clock_, options.timeout));
    if (!local.ok()) return ForOp(local.status(), std::move(info));
    info.addr = Addr::RawIp(local->ip);
    const int family = FamilyOf(network, local->ip);
    absl::StatusOr<Descriptor> fd = OpenSocket(
        family, *protocol, options.send_buffer, options.receive_buffer, info);
    if (!fd.ok()) return fd.status();
    return Bind(*std::move(fd), family, *local, std::move(info));
  }

 private:
  absl::StatusOr<std::unique_ptr<Conn>> Connect(const IpDialer& dialer,
                                                Descriptor fd, int family,
                                                const IpPort& target,
                                                MonotonicNanos deadline) const {
    absl::Status status = dialer.BindLocal(fd.get(), family);
    if (!status.ok()) return ForOp(status, dialer.InfoOf(target));
    status = dialer.Connect(fd.get(), family, target, deadline);
    if (!status.ok()) return status;
    std::shared_ptr<CallNames> names = dialer.NamesOf(fd.get(), target);
    // The kernel keeps the protocol where other sockets have the port.
    names->source = Addr::RawIp(names->source.ip());
    names->addr = Addr::RawIp(names->addr.ip());
    const MessageKind kind = {MaxSize(family)};
    if (family == AF_INET) {
      return std::make_unique<RawIpv4Conn>(clock_, std::move(fd),
                                           std::move(names), kind);
    }
    return std::make_unique<MessageConn>(clock_, std::move(fd),
                                         std::move(names), kind);
  }

  absl::StatusOr<std::unique_ptr<PacketConn>> Bind(Descriptor fd, int family,
                                                   const IpPort& local,
                                                   ErrorInfo info) const {
    const absl::Status status = BindIpSocket(fd.get(), family, local);
    if (!status.ok()) return ForOp(status, std::move(info));
    const absl::StatusOr<SockAddr> name = SocketName(fd.get());
    if (!name.ok()) return ForOp(name.status(), std::move(info));
    auto names = std::make_shared<CallNames>();
    names->network = info.network;
    names->source = Addr::RawIp(name->ToAddr(kIp).ip());
    const PacketSocketKind kind = {kIp, family, MaxSize(family)};
    if (family == AF_INET) {
      return std::make_unique<RawIpv4Socket>(clock_, std::move(fd),
                                             std::move(names), kind);
    }
    return std::make_unique<PacketSocket>(clock_, std::move(fd),
                                          std::move(names), kind);
  }

  Clock& clock_;
};

}  // namespace

std::shared_ptr<Transport> MakeIp(Clock& clock) {
  return std::make_shared<IpTransport>(clock);
}

absl::Status RegisterIp(Registry& registry) {
  const std::shared_ptr<Transport> ip = MakeIp();
  for (const char* network : {"ip", "ip4", "ip6"}) {
    const absl::Status status = registry.Register(network, ip);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace plumb
