#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/time/time.h"
#include "backends/fake/address_set.h"
#include "backends/fake/dial_targets.h"
#include "backends/fake/fake_stream.h"
#include "backends/fake/handshake.h"
#include "backends/fake/ip_kinds.h"
#include "backends/fake/ip_net.h"
#include "backends/fake/lease.h"
#include "backends/fake/netstat.h"
#include "backends/fake/port_table.h"
#include "backends/fake/shown_row.h"
#include "backends/fake/tcp_conn.h"
#include "backends/fake/tcp_ports.h"
#include "backends/fake/wire_link.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/memory_stream.h"

namespace plumb {
namespace {

template <typename Options>
size_t ReceiveBuffer(const FakeNetworkOptions& defaults,
                     const Options& options) {
  return options.receive_buffer.has_value()
             ? BufferSize(*options.receive_buffer)
             : defaults.receive_buffer;
}

template <typename Options>
void SetBuffers(const FakeNetworkOptions& defaults, const Options& options,
                StreamEndOptions& end) {
  end.send_buffer = options.send_buffer.has_value()
                        ? BufferSize(*options.send_buffer)
                        : defaults.send_buffer;
  end.receive_buffer = ReceiveBuffer(defaults, options);
}

template <typename Options>
int KeepAliveErrorOf(const Options& options) {
  return KeepAliveError(options.keep_alive.value_or(KeepAlive()));
}

// Why a connection to `ip` cannot be made, which no host has.
int UnreachableError(const IpAddr& source, const IpAddr& ip) {
  const bool leaves = ip != kLimitedBroadcast && !ip.IsLoopback();
  if (ip.IsMulticast()) return ENETUNREACH;
  if (source.is_v4() && source.IsLoopback() && leaves) return EINVAL;
  if (IsBroadcast(ip)) return ENETUNREACH;
  if (NeedsZone(ip)) return EINVAL;
  // There is a link, but nobody on it, where the zone is one with a link.
  return IsOfLink(ip) && ip.zone() != kEthernet ? ENETUNREACH : EHOSTUNREACH;
}

NetstatRow RowOf(const std::string& network, const IpPort& local,
                 const IpPort& remote, const char* state) {
  NetstatRow row;
  row.network = network;
  row.local = Addr::Ip(AddrNetwork(network), local);
  row.remote = Addr::Ip(AddrNetwork(network), remote);
  row.state = state;
  return row;
}

// One try: where it leads from and to, and what its ends will be like.
struct StreamPlan {
  std::pair<StreamEnd, StreamEnd> MakeEnds(
      ListenQueue& queue, std::shared_ptr<StreamLink> link) const {
    const std::string& there = queue.state().names()->network;
    MemoryStreamOptions stream;
    stream.kind = StreamKind::kTcp;
    stream.clock = &host.clock();
    stream.link = std::move(link);
    std::tie(stream.ends[0].names, stream.ends[1].names) =
        MakeNamesOfBoth({network, Addr::Ip(AddrNetwork(network), source),
                         Addr::Ip(AddrNetwork(network), target)},
                        {there, Addr::Ip(AddrNetwork(there), target),
                         Addr::Ip(AddrNetwork(there), source)});
    const FakeNetworkOptions& defaults = host.network->options;
    SetBuffers(defaults, options, stream.ends[0]);
    SetBuffers(defaults, queue.options, stream.ends[1]);
    return MakeMemoryStream(std::move(stream));
  }

  // The Listener's end, which has its port there.
  std::unique_ptr<FakeTcpConn> MakeFar(StreamEnd end) const {
    HostRef there = host;
    {
      SystemMutexLock lock(&host.network->mutex);
      there.host = host.FindHost(target.ip);
      there.host->tcp.Accept({target, source});
    }
    return std::make_unique<FakeTcpConn>(there, std::move(end),
                                         FakeTcpConn::Port::kAccepted);
  }
  std::unique_ptr<FakeTcpConn> MakeNear(StreamEnd end) const {
    return std::make_unique<FakeTcpConn>(host, std::move(end),
                                         FakeTcpConn::Port::kOthers);
  }

  // What is in a table before there are Conns.
  std::shared_ptr<ShownRow> ShowDialling() const {
    return std::make_shared<ShownRow>(
        host, RowOf(network, source, target, "SYN_SENT"));
  }
  std::shared_ptr<ShownRow> ShowAnswering(const ListenQueue& queue) const {
    HostRef there = host;
    {
      SystemMutexLock lock(&host.network->mutex);
      there.host = host.FindHost(target.ip);
    }
    return std::make_shared<ShownRow>(
        there,
        RowOf(queue.state().names()->network, target, source, "SYN_RECV"));
  }

  // Who listens at the target now.
  std::shared_ptr<ListenQueue> Find() const {
    SystemMutexLock lock(&host.network->mutex);
    HostState* const there = host.FindHost(target.ip);
    if (there == nullptr) return nullptr;
    return there->tcp.Find(target, source.port);
  }

  HostRef host;
  std::string network;
  DialOptions options;
  IpPort source;
  IpPort target;
};

// The port of a connection that is being dialled, until the Conn has it.
class DialledPort {
 public:
  DialledPort(const HostRef& host, const TcpPorts::Ends& ends)
      : host_(&host), ends_(ends) {}
  DialledPort(DialledPort&& other) noexcept
      : host_(std::exchange(other.host_, nullptr)), ends_(other.ends_) {}
  DialledPort& operator=(DialledPort&&) = delete;
  ~DialledPort() {
    if (host_ == nullptr) return;
    SystemMutexLock lock(&host_->network->mutex);
    host_->host->tcp.Release(ends_, true);
  }

  void GiveTo(FakeTcpConn& conn) {
    host_ = nullptr;
    conn.HoldPort();
  }

 private:
  const HostRef* host_;
  const TcpPorts::Ends ends_;
};

// One Dial: what its tries of several addresses share.
class StreamDialer {
 public:
  StreamDialer(const HostRef& host, absl::string_view network,
               const DialOptions& options, DialTargets targets)
      : host_(host),
        network_(network),
        options_(options),
        targets_(std::move(targets)) {}

  absl::StatusOr<std::unique_ptr<Conn>> Dial() {
    const absl::Time deadline = DialDeadline(host_.clock(), options_);
    absl::Status first_error;
    for (const IpPort& target : targets_.to) {
      // Of each its own: the queue of one that was given up may still look.
      const auto dialing = StartDialing(host_.clock(), deadline);
      Call call(dialing->state, Direction::kWrite);
      if (!call.ok()) {
        const ErrorInfo info = targets_.Info(network_, target);
        return first_error.ok() ? CallError(call.outcome(), info) : first_error;
      }
      absl::StatusOr<std::unique_ptr<Conn>> conn =
          DialOne(target, dialing, call);
      if (conn.ok()) return conn;
      if (first_error.ok()) first_error = conn.status();
    }
    return first_error;
  }

 private:
  absl::StatusOr<std::unique_ptr<Conn>> DialOne(
      const IpPort& target, const std::shared_ptr<Dialing>& dialing,
      Call& call) {
    const ErrorInfo info = targets_.Info(network_, target);
    const int keep_alive = KeepAliveErrorOf(options_);
    if (keep_alive != 0) return ErrnoError(info, "setsockopt", keep_alive);
    auto plan = std::make_shared<StreamPlan>(
        StreamPlan{host_, network_, options_, IpPort(),
                   targets_.Destination(network_, target)});
    absl::StatusOr<DialledPort> port = Bind(*plan, info);
    if (!port.ok()) return port.status();
    absl::StatusOr<std::unique_ptr<FakeTcpConn>> near =
        host_.network->wire == nullptr
            ? Connect(*plan, dialing, call, info)
            : ConnectOnWire(plan, dialing, call, info);
    if (!near.ok()) return near.status();
    port->GiveTo(**near);
    return *std::move(near);
  }

  // Binds the source, and sees whether the target can be reached from there.
  absl::StatusOr<DialledPort> Bind(StreamPlan& plan,
                                   const ErrorInfo& info) const {
    const absl::StatusOr<DialSource> source = targets_.SourceFor(
        host_, network_, SocketKind::kStream, plan.target, info);
    if (!source.ok()) return source.status();
    TcpPorts::Ends ends(source->ip_port, plan.target);
    int error;
    HostState* there;
    {
      SystemMutexLock lock(&host_.network->mutex);
      error = host_.host->tcp.Dial(host_.clock().MonotonicNow(), source->bound,
                                   &ends);
      there = host_.FindHost(plan.target.ip);
    }
    if (error != 0) {
      return ErrnoError(info, error == EADDRINUSE ? "bind" : "connect", error);
    }
    plan.source = ends.first;
    DialledPort port(host_, ends);
    if (there == nullptr) {
      return ErrnoError(info, "connect",
                        UnreachableError(plan.source.ip, plan.target.ip));
    }
    if (plan.source.ip.IsLoopback() && there != host_.host) {
      return ErrnoError(info, "connect", EINVAL);
    }
    return port;
  }

  static absl::StatusOr<std::unique_ptr<FakeTcpConn>> Connect(
      const StreamPlan& plan, const std::shared_ptr<Dialing>& dialing,
      Call& call, const ErrorInfo& info) {
    const std::shared_ptr<ListenQueue> queue = plan.Find();
    if (queue == nullptr) return ErrnoError(info, "connect", ECONNREFUSED);
    auto [own, far] = plan.MakeEnds(*queue, nullptr);
    auto near = plan.MakeNear(std::move(own));
    const absl::Status status =
        WaitForRoom(*queue, plan.MakeFar(std::move(far)), *near, dialing, call,
                    info, GiveUpSyn(plan.host.clock().MonotonicNow()));
    if (!status.ok()) return status;
    return near;
  }

  static absl::StatusOr<std::unique_ptr<FakeTcpConn>> ConnectOnWire(
      const std::shared_ptr<const StreamPlan>& plan,
      const std::shared_ptr<Dialing>& dialing, Call& call,
      const ErrorInfo& info) {
    const HostRef& host = plan->host;
    const auto link = std::make_shared<WireLink>(
        host.network->wire, Packet::Protocol::kTcp,
        WireLink::End{Addr::Tcp(plan->source.ip, plan->source.port),
                      host.host->name,
                      ReceiveBuffer(host.network->options, plan->options)},
        WireLink::End{Addr::Tcp(plan->target.ip, plan->target.port),
                      host.NameOf(plan->target.ip)});
    // A Handshake that is given up may still be at it.
    const auto near = std::make_shared<std::unique_ptr<FakeTcpConn>>();
    Handshake::Steps steps;
    steps.find = [plan] { return plan->Find(); };
    steps.receive_buffer = [plan](const ListenQueue& queue) {
      return ReceiveBuffer(plan->host.network->options, queue.options);
    };
    steps.answer = [plan](const ListenQueue& queue) {
      return plan->ShowAnswering(queue);
    };
    const std::shared_ptr<ShownRow> dialling = plan->ShowDialling();
    steps.connect = [plan, link, dialing, near, dialling](ListenQueue& queue) {
      auto [own, far] = plan->MakeEnds(queue, link);
      *near = plan->MakeNear(std::move(own));
      // From here on that end is shown in its place.
      dialling->Hide();
      return queue.Push(plan->MakeFar(std::move(far)), **near, dialing);
    };
    const auto handshake = std::make_shared<Handshake>(
        host.network->wire, link, dialing, std::move(steps));
    const absl::Status status = handshake->Run(call, info);
    dialling->Hide();
    if (!status.ok()) return status;
    return std::move(*near);
  }

  const HostRef& host_;
  const std::string network_;
  const DialOptions& options_;
  const DialTargets targets_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Conn>> DialStream(const HostRef& host,
                                                 absl::string_view network,
                                                 absl::string_view address,
                                                 const DialOptions& options) {
  const absl::Status status =
      CheckOptions("dial", network, options.SetNames(),
                   {"local_address", "no_delay", "keep_alive", "send_buffer",
                    "receive_buffer"});
  if (!status.ok()) return status;
  absl::StatusOr<DialTargets> targets =
      DialTargets::Resolve(host, network, address, options);
  if (!targets.ok()) {
    return FailWith(targets.status(), NetworkInfo("dial", network));
  }
  return StreamDialer(host, network, options, *std::move(targets)).Dial();
}

absl::StatusOr<std::unique_ptr<Listener>> ListenStream(
    const HostRef& host, absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  const absl::Status status =
      CheckOptions("listen", network, options.SetNames(),
                   {"backlog", "reuse_port", "no_delay", "keep_alive",
                    "send_buffer", "receive_buffer"});
  if (!status.ok()) return status;
  ErrorInfo info = NetworkInfo("listen", network);
  const absl::StatusOr<IpPort> local = host.ResolveForListen(network, address);
  if (!local.ok()) return FailWith(local.status(), std::move(info));
  const AddressSet where = AddressesToListen(network, local->ip);
  info.addr = Addr::Ip(AddrNetwork(network), *local);
  const int keep_alive = KeepAliveErrorOf(options);
  if (keep_alive != 0) {
    return ErrnoError(std::move(info), "setsockopt", keep_alive);
  }
  const int bind = host.BindError(SocketKind::kStream, where.ip());
  if (bind != 0) return ErrnoError(std::move(info), "bind", bind);
  const PortSharing share =
      options.reuse_port.value_or(false) ? kReusePort : kAlone;
  std::shared_ptr<ListenQueue> queue;
  uint16_t port = local->port;
  uint64_t id = 0;
  {
    SystemMutexLock lock(&host.network->mutex);
    TcpPorts& ports = host.host->tcp;
    const int error =
        ports.ChooseForListen(where, share, host.clock().MonotonicNow(), &port);
    if (error != 0) return ErrnoError(std::move(info), "bind", error);
    const Addr addr = Addr::Ip(AddrNetwork(network), {where.ip(), port});
    queue = std::make_shared<ListenQueue>(host.clock(),
                                          MakeNames(network, Addr(), addr),
                                          options, BacklogOf(host, options));
    id = ports.Listen(where, port, share, queue);
  }
  Lease bound([host, port, id] {
    SystemMutexLock lock(&host.network->mutex);
    host.host->tcp.Unlisten(port, id);
  });
  Lease lease = ShowWithLease(host, queue.get(), std::move(bound));
  return std::make_unique<FakeListener>(std::move(queue), std::move(lease));
}

}  // namespace plumb
