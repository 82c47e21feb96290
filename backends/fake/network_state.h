// What the hosts of one fake network share: who there is, and who is bound
// where. Conns and Listeners hold it, so that they outlive the FakeNetwork.
//
// Lock order: `mutex` before those of sockets. Under it a socket is asked for
// its row (netstat.h) and whether it hears a group, for nothing else, and no
// one is signalled.
#ifndef PLUMB_BACKENDS_FAKE_NETWORK_STATE_H_
#define PLUMB_BACKENDS_FAKE_NETWORK_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/fake/address_set.h"
#include "backends/fake/datagram_sink.h"
#include "backends/fake/fake_options.h"
#include "backends/fake/ip_kinds.h"
#include "backends/fake/lease.h"
#include "backends/fake/listen_queue.h"
#include "backends/fake/netstat.h"
#include "backends/fake/port_table.h"
#include "backends/fake/tcp_ports.h"
#include "backends/fake/wire.h"
#include "transport/addr.h"
#include "transport/endpoint.h"
#include "transport/error.h"
#include "transport/ip_addr.h"
#include "transport/system_mutex.h"

namespace plumb {

// What is bound to the name of a unix socket. A file of which neither is left
// is stale.
struct UnixNode {
  enum class Type : uint8_t { kStream, kSeqpacket, kDatagram };

  Type type = Type::kStream;
  std::shared_ptr<ListenQueue> queue;
  std::shared_ptr<DatagramSink> socket;
  uint64_t id = 0;

  bool stale() const { return queue == nullptr && socket == nullptr; }
};

// What a socket carries.
enum class SocketKind { kStream, kDatagrams };

struct HostState {
  // A multicast group on an interface.
  using Group = std::pair<uint32_t, IpAddr>;

  HostState(std::string host_name, uint32_t number,
            const FakeNetworkOptions& options);

  // One socket that has joined it less.
  void LeaveGroup(const Group& group) {
    auto it = groups.find(group);
    if (--it->second == 0) groups.erase(it);
  }

  // One of this host's own addresses.
  bool Has(const IpAddr& ip) const {
    return ip == v4 || ip == v6 ||
           (ip.IsLoopback() && ip != kLoopbackBroadcast);
  }

  const std::string name;
  const IpAddr v4;
  const IpAddr v6;

  // The network's mutex guards these.
  TcpPorts tcp;
  PortTable<DatagramSink> udp;
  std::map<std::string, UnixNode> unix_names;
  uint32_t last_autobind = 0;
  // How many sockets have joined each.
  absl::flat_hash_map<Group, int> groups;
  absl::flat_hash_set<const NetstatSource*> sockets;
};

struct NetworkState {
  explicit NetworkState(const FakeNetworkOptions& network_options)
      : options(network_options),
        wire(options.policy == nullptr && options.observer == nullptr
                 ? nullptr
                 : std::make_shared<Wire>(*options.clock, options.policy,
                                          options.observer)) {
    if (options.policy != nullptr) options.policy->Start(wire);
  }

  Clock& clock() const { return *options.clock; }

  const FakeNetworkOptions options;
  const std::shared_ptr<Wire> wire;  // null: nobody judges and nobody looks on
  SystemMutex mutex;
  // By name in lower case, and by address.
  std::map<std::string, std::unique_ptr<HostState>> hosts
      ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<IpAddr, HostState*> by_ip ABSL_GUARDED_BY(mutex);
  uint64_t last_unix_id ABSL_GUARDED_BY(mutex) = 0;
};

// A host as its own sockets see it. Host states are never removed, so that the
// pointer lives as long as the network.
struct HostRef {
  std::shared_ptr<NetworkState> network;
  HostState* host = nullptr;

  Clock& clock() const { return network->clock(); }

  // The addresses of `endpoint` that `network_name` can use, in the order in
  // which to try them; the wildcard is this host's loopback. Errors are causes.
  absl::StatusOr<std::vector<IpPort>> ResolveForDial(
      absl::string_view network_name, absl::string_view address) const;
  // The address to listen at; an invalid IP for the wildcard. Errors are
  // causes.
  absl::StatusOr<IpPort> ResolveForListen(absl::string_view network_name,
                                          absl::string_view address) const;

  // The host that has `ip`, as seen from here; null when there is none.
  HostState* FindHost(const IpAddr& ip) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(network->mutex);
  // What the host of `ip` is called; empty when there is none.
  absl::string_view NameOf(const IpAddr& ip) const;
  // The address of this host from which `to` is reached.
  IpAddr SourceFor(const IpAddr& to) const;
  // 0, or why no socket of this host and that kind can be bound to `ip`.
  int BindError(SocketKind kind, const IpAddr& ip) const;

 private:
  absl::StatusOr<std::vector<IpAddr>> Lookup(absl::string_view network_name,
                                             const Endpoint& endpoint) const;
};

// Shows `source` in the table of its host until it is hidden.
void ShowSocket(const HostRef& host, const NetstatSource* source);
void HideSocket(const HostRef& host, const NetstatSource* source);
// The same, until the lease is released, and with it `other`.
Lease ShowWithLease(const HostRef& host, const NetstatSource* source,
                    Lease other);

// As listen(2) takes it: less than 0 is as many as the network allows.
size_t BacklogOf(const HostRef& host, const ListenOptions& options);

// The names of a Conn's or Listener's errors.
std::shared_ptr<const CallNames> MakeNames(absl::string_view network_name,
                                           const Addr& source,
                                           const Addr& addr);

// The same for the two ends of a connection, in less room.
std::pair<std::shared_ptr<const CallNames>, std::shared_ptr<const CallNames>>
MakeNamesOfBoth(CallNames near, CallNames far);

// What listening at `ip` on `network_name` binds, as Go's socket options make
// it.
AddressSet AddressesToListen(absl::string_view network_name, const IpAddr& ip);

// The network of the Addrs of `network_name`, a literal: "tcp", "udp",
// "unixgram", "fake".
const char* AddrNetwork(absl::string_view network_name);

// `cause` as the cause of `info`'s operation.
absl::Status FailWith(const absl::Status& cause, ErrorInfo info);

ErrorInfo NetworkInfo(absl::string_view op, absl::string_view network_name);

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_NETWORK_STATE_H_
