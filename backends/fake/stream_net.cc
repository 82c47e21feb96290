#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "backends/fake/dial_targets.h"
#include "backends/fake/fake_stream.h"
#include "backends/fake/ip_net.h"
#include "transport/call.h"
#include "transport/error.h"
#include "transport/memory_stream.h"

namespace plumb {
namespace {

template <typename Options>
void SetBuffers(const FakeNetworkOptions& defaults, const Options& options,
                StreamEndOptions& end) {
  end.send_buffer = options.send_buffer.has_value()
                        ? BufferSize(*options.send_buffer)
                        : defaults.send_buffer;
  end.receive_buffer = options.receive_buffer.has_value()
                           ? BufferSize(*options.receive_buffer)
                           : defaults.receive_buffer;
}

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
    const auto dialing = StartDialing(host_.clock(), options_);
    Call call(dialing->state, Direction::kWrite);
    absl::Status first_error;
    for (const IpPort& target : targets_.to) {
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
  // Where a try leads.
  struct Route {
    IpPort source;
    Lease lease;  // of the source's port
    std::shared_ptr<ListenQueue> queue;
  };

  absl::StatusOr<std::unique_ptr<Conn>> DialOne(
      const IpPort& target, const std::shared_ptr<Dialing>& dialing,
      Call& call) {
    const ErrorInfo info = targets_.Info(network_, target);
    absl::StatusOr<Route> route = FindRoute(target, info);
    if (!route.ok()) return route.status();
    auto [near, far] = MakeEnds(target, *route);
    const absl::Status status =
        WaitForRoom(*route->queue,
                    std::make_unique<FakeStreamConn>(StreamKind::kTcp,
                                                     std::move(far), Lease()),
                    dialing, call, info);
    if (!status.ok()) return status;
    return std::make_unique<FakeStreamConn>(StreamKind::kTcp, std::move(near),
                                            std::move(route->lease));
  }

  absl::StatusOr<Route> FindRoute(const IpPort& target,
                                  const ErrorInfo& info) const {
    Route route;
    int error = targets_.SourceFor(host_, target, &route.source);
    if (error != 0) return ErrnoError(info, "bind", error);
    const AddressSet where = AddressSet::One(route.source.ip);
    uint64_t id = 0;
    HostState* there;
    {
      absl::MutexLock lock(&host_.network->mutex);
      PortTable<ListenQueue>& ports = host_.host->tcp;
      error = ports.Choose(where, &route.source.port, false, EADDRNOTAVAIL);
      if (error == 0) id = ports.Bind(where, route.source.port, false, nullptr);
      there = host_.FindHost(target.ip);
      if (there != nullptr) {
        route.queue =
            there->tcp.Find(target.ip, target.port, route.source.port);
      }
    }
    if (error != 0) {
      return ErrnoError(info, error == EADDRINUSE ? "bind" : "connect", error);
    }
    route.lease = PortLease(host_, &HostState::tcp, route.source.port, id);
    if (there == nullptr) return ErrnoError(info, "connect", EHOSTUNREACH);
    if (route.source.ip.IsLoopback() && there != host_.host) {
      return ErrnoError(info, "connect", EINVAL);
    }
    if (route.queue == nullptr) {
      return ErrnoError(info, "connect", ECONNREFUSED);
    }
    return route;
  }

  std::pair<StreamEnd, StreamEnd> MakeEnds(const IpPort& target,
                                           const Route& route) const {
    const std::string& there = route.queue->state().names()->network;
    MemoryStreamOptions stream;
    stream.kind = StreamKind::kTcp;
    stream.clock = &host_.clock();
    stream.ends[0].names =
        MakeNames(network_, Addr::Ip(AddrNetwork(network_), route.source),
                  Addr::Ip(AddrNetwork(network_), target));
    stream.ends[1].names =
        MakeNames(there, Addr::Ip(AddrNetwork(there), target),
                  Addr::Ip(AddrNetwork(there), route.source));
    const FakeNetworkOptions& defaults = host_.network->options;
    SetBuffers(defaults, options_, stream.ends[0]);
    SetBuffers(defaults, route.queue->options, stream.ends[1]);
    return MakeMemoryStream(std::move(stream));
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
  if (!where.ip().IsUnspecified() && !host.host->Has(where.ip())) {
    return ErrnoError(std::move(info), "bind", EADDRNOTAVAIL);
  }
  const bool share = options.reuse_port.value_or(false);
  std::shared_ptr<ListenQueue> queue;
  uint16_t port = local->port;
  uint64_t id = 0;
  {
    absl::MutexLock lock(&host.network->mutex);
    PortTable<ListenQueue>& ports = host.host->tcp;
    const int error = ports.Choose(where, &port, share, EADDRINUSE);
    if (error != 0) return ErrnoError(std::move(info), "bind", error);
    const Addr addr = Addr::Ip(AddrNetwork(network), {where.ip(), port});
    queue = std::make_shared<ListenQueue>(host.clock(),
                                          MakeNames(network, Addr(), addr),
                                          options, BacklogOf(host, options));
    id = ports.Bind(where, port, share, queue);
  }
  return std::make_unique<FakeListener>(
      std::move(queue), PortLease(host, &HostState::tcp, port, id));
}

}  // namespace plumb
