#include "backends/fake/unix_net.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "backends/fake/datagram_conns.h"
#include "backends/fake/dial_targets.h"
#include "backends/fake/fake_stream.h"
#include "backends/fake/lease.h"
#include "backends/fake/seqpacket.h"
#include "backends/fake/unix_conn.h"
#include "backends/fake/unix_names.h"
#include "backends/fake/unixgram_socket.h"
#include "backends/fake/wire_link.h"
#include "transport/error.h"
#include "transport/memory_stream.h"
#include "transport/unix_options.h"

namespace plumb {
namespace {

UnixNode::Type TypeOf(absl::string_view network) {
  if (network == "unix") return UnixNode::Type::kStream;
  return network == "unixpacket" ? UnixNode::Type::kSeqpacket
                                 : UnixNode::Type::kDatagram;
}

size_t SizeOr(const std::optional<int>& option, size_t otherwise) {
  return option.has_value() ? BufferSize(*option) : otherwise;
}

DatagramSocket::Limits MakeLimits(const HostRef& host) {
  const FakeNetworkOptions& defaults = host.network->options;
  DatagramSocket::Limits limits;
  limits.bytes = defaults.datagram_buffer;
  limits.messages = defaults.unixgram_queue;
  limits.sender_waits = true;
  return limits;
}

// One Dial.
class UnixDialer {
 public:
  UnixDialer(const HostRef& host, absl::string_view network,
             absl::string_view name, const DialOptions& options)
      : host_(host), network_(network), options_(options) {
    const char* const label = AddrNetwork(network);
    remote_ = Addr::Named(label, name);
    local_ = options.local_address.has_value()
                 ? Addr::Named(label, *options.local_address)
                 : Addr::Unnamed(label);
    info_ = NetworkInfo("dial", network);
    info_.addr = remote_;
    if (options.local_address.has_value()) info_.source = local_;
  }

  absl::StatusOr<std::unique_ptr<Conn>> Dial() {
    const auto dialing =
        StartDialing(host_.clock(), DialDeadline(host_.clock(), options_));
    Call call(dialing->state, Direction::kWrite);
    if (!call.ok()) return CallError(call.outcome(), info_);
    UnixNode node;
    const int error =
        FindUnixNode(host_, remote_.name(), TypeOf(network_), &node);
    if (error != 0) return ErrnoError(info_, "connect", error);
    if (node.type == UnixNode::Type::kDatagram) return Connect(node);
    absl::StatusOr<Lease> lease = BindLocal([] { return UnixNode(); });
    if (!lease.ok()) return lease.status();
    auto [near, far] = node.type == UnixNode::Type::kStream
                           ? MakeStream(*node.queue, *std::move(lease))
                           : MakeSeqpacket(*node.queue, *std::move(lease));
    const absl::Status status =
        WaitForRoom(*node.queue, std::move(far), *near, dialing, call, info_);
    if (!status.ok()) return status;
    return std::move(near);
  }

 private:
  using Ends = std::pair<std::unique_ptr<FakeConn>, std::unique_ptr<FakeConn>>;

  // Binds what `make()` makes to DialOptions::local_address, if there is one.
  // local_ is what it was bound to.
  template <typename Make>
  absl::StatusOr<Lease> BindLocal(Make make) {
    if (!options_.local_address.has_value()) {
      make();
      return Lease();
    }
    std::string name = *options_.local_address;
    uint64_t id;
    {
      SystemMutexLock lock(&host_.network->mutex);
      const int error = ChooseUnixName(host_, TypeOf(network_), false, &name);
      if (error != 0) return ErrnoError(info_, "bind", error);
      local_ = Addr::Named(AddrNetwork(network_), name);
      UnixNode node = make();
      node.type = TypeOf(network_);
      id = BindUnixName(host_, name, std::move(node));
    }
    return UnixLease(host_, name, TypeOf(network_), id, false);
  }

  Ends MakeStream(const ListenQueue& queue, Lease lease) const {
    const FakeNetworkOptions& defaults = host_.network->options;
    MemoryStreamOptions stream;
    stream.kind = StreamKind::kUnix;
    stream.clock = &host_.clock();
    stream.link = MakeLink();
    // All connections share the name of the Listener.
    const Addr& bound = queue.state().names()->addr;
    const Addr& remote = bound == remote_ ? bound : remote_;
    auto [near_names, far_names] =
        MakeNamesOfBoth({network_, local_, remote}, {network_, remote, local_});
    stream.ends[0] = {std::move(near_names),
                      SizeOr(options_.send_buffer, defaults.send_buffer),
                      defaults.receive_buffer};
    stream.ends[1] = {std::move(far_names),
                      SizeOr(queue.options.send_buffer, defaults.send_buffer),
                      defaults.receive_buffer};
    auto [near, far] = MakeMemoryStream(std::move(stream));
    return {std::make_unique<FakeUnixConn>(host_, std::move(near),
                                           std::move(lease)),
            std::make_unique<FakeUnixConn>(host_, std::move(far), Lease())};
  }

  // Null without a Wire. Nothing gets between the two when they connect.
  std::shared_ptr<StreamLink> MakeLink() const {
    const std::shared_ptr<Wire>& wire = host_.network->wire;
    if (wire == nullptr) return nullptr;
    const absl::string_view host = host_.host->name;
    auto link = std::make_shared<WireLink>(wire, Packet::Protocol::kUnix,
                                           WireLink::End{local_, host},
                                           WireLink::End{remote_, host});
    wire->Note(link->Syn(0));
    wire->Note(link->SynAck(0));
    wire->Run();
    return link;
  }

  Ends MakeSeqpacket(const ListenQueue& queue, Lease lease) const {
    const size_t buffer = host_.network->options.datagram_buffer;
    return MakeSeqpacketPair(
        host_,
        {MakeNames(network_, local_, remote_),
         SizeOr(options_.send_buffer, buffer), std::move(lease)},
        {MakeNames(network_, remote_, local_),
         SizeOr(queue.options.send_buffer, buffer), Lease()});
  }

  absl::StatusOr<std::unique_ptr<Conn>> Connect(const UnixNode& target) {
    const bool named = options_.local_address.has_value();
    if (!target.socket->TakesFrom(local_, nullptr)) {
      return ErrnoError(info_, "connect", EPERM);
    }
    std::shared_ptr<DatagramSocket> socket;
    absl::StatusOr<Lease> lease = BindLocal([&] {
      socket = std::make_shared<UnixgramSocket>(
          std::make_shared<CallState>(host_.clock(),
                                      MakeNames(network_, local_, remote_)),
          host_, named ? local_ : Addr(), remote_, target.socket,
          MakeLimits(host_),
          SizeOr(options_.send_buffer, host_.network->options.datagram_buffer));
      UnixNode node;
      node.socket = socket;
      return node;
    });
    if (!lease.ok()) return lease.status();
    return std::make_unique<DatagramConn>(host_, std::move(socket),
                                          *std::move(lease));
  }

  const HostRef& host_;
  const std::string network_;
  const DialOptions& options_;
  Addr local_;
  Addr remote_;
  ErrorInfo info_;
};

UnixListenOptions ExtrasOf(const ListenOptions& options) {
  const auto* set = options.extras.Get<UnixListenOptions>();
  return set != nullptr ? *set : UnixListenOptions();
}

// Binds what `make(addr)` makes; the lease of its name.
template <typename Make>
absl::StatusOr<Lease> Bind(const HostRef& host, absl::string_view network,
                           absl::string_view name, const ListenOptions& options,
                           bool unlink, Make make) {
  const UnixListenOptions extras = ExtrasOf(options);
  std::string bound(name);
  uint64_t id;
  {
    SystemMutexLock lock(&host.network->mutex);
    const int error =
        ChooseUnixName(host, TypeOf(network), extras.replace_stale, &bound);
    if (error != 0) {
      ErrorInfo info = NetworkInfo("listen", network);
      info.addr = Addr::Named(AddrNetwork(network), name);
      return ErrnoError(std::move(info), "bind", error);
    }
    UnixNode node = make(Addr::Named(AddrNetwork(network), bound));
    node.type = TypeOf(network);
    id = BindUnixName(host, bound, std::move(node));
  }
  return UnixLease(host, bound, TypeOf(network), id,
                   extras.unlink_on_close.value_or(unlink));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Conn>> DialUnix(const HostRef& host,
                                               absl::string_view network,
                                               absl::string_view name,
                                               const DialOptions& options) {
  const absl::Status status = CheckOptions("dial", network, options.SetNames(),
                                           {"local_address", "send_buffer"});
  if (!status.ok()) return status;
  if (name.empty()) {
    return OpError(absl::StatusCode::kInvalidArgument,
                   NetworkInfo("dial", network), "missing address");
  }
  return UnixDialer(host, network, name, options).Dial();
}

absl::StatusOr<std::unique_ptr<Listener>> ListenUnix(
    const HostRef& host, absl::string_view network, absl::string_view name,
    const ListenOptions& options) {
  const absl::Status status =
      CheckOptions("listen", network, options.SetNames(),
                   {"backlog", "send_buffer", UnixListenOptions::kOptionName});
  if (!status.ok()) return status;
  std::shared_ptr<ListenQueue> queue;
  absl::StatusOr<Lease> lease =
      Bind(host, network, name, options, true, [&](const Addr& addr) {
        queue = std::make_shared<ListenQueue>(
            host.clock(), MakeNames(network, Addr(), addr), options,
            BacklogOf(host, options));
        UnixNode node;
        node.queue = queue;
        return node;
      });
  if (!lease.ok()) return lease.status();
  Lease shown = ShowWithLease(host, queue.get(), *std::move(lease));
  return std::make_unique<FakeListener>(std::move(queue), std::move(shown));
}

absl::StatusOr<std::unique_ptr<PacketConn>> ListenUnixgram(
    const HostRef& host, absl::string_view network, absl::string_view name,
    const ListenOptions& options) {
  const absl::Status status =
      CheckOptions("listen", network, options.SetNames(),
                   {"send_buffer", UnixListenOptions::kOptionName});
  if (!status.ok()) return status;
  std::shared_ptr<DatagramSocket> socket;
  absl::StatusOr<Lease> lease =
      Bind(host, network, name, options, false, [&](const Addr& addr) {
        socket = std::make_shared<UnixgramSocket>(
            std::make_shared<CallState>(host.clock(),
                                        MakeNames(network, addr, Addr())),
            host, addr, Addr(), nullptr, MakeLimits(host),
            SizeOr(options.send_buffer, host.network->options.datagram_buffer));
        UnixNode node;
        node.socket = socket;
        return node;
      });
  if (!lease.ok()) return lease.status();
  return std::make_unique<FakePacketConn>(host, std::move(socket),
                                          *std::move(lease));
}

absl::Status RemoveUnixPath(const HostRef& host, absl::string_view path) {
  UnixNode removed;
  SystemMutexLock lock(&host.network->mutex);
  auto it = host.host->unix_names.find(std::string(path));
  if (it == host.host->unix_names.end()) {
    ErrorInfo info;
    info.op = "remove";
    info.addr = Addr::Named("unix", path);
    return ErrnoError(std::move(info), "", ENOENT);
  }
  removed = it->second;
  host.host->unix_names.erase(it);
  return absl::OkStatus();
}

}  // namespace plumb
