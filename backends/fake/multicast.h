// Multicast on a fake network: which groups a udp socket has joined, on which
// interface of its host, and how it sends to groups. The rules are those of
// Linux, ip(7) and ipv6(7).
//
// A host has the interfaces "lo", 1, and "eth0", 2, which is the default; all
// hosts are on one link, so that one hop reaches them.
//
// Threads: any method at any time.
#ifndef PLUMB_BACKENDS_FAKE_MULTICAST_H_
#define PLUMB_BACKENDS_FAKE_MULTICAST_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "backends/fake/address_set.h"
#include "backends/fake/network_state.h"
#include "transport/call.h"
#include "transport/ip_addr.h"
#include "transport/multicast.h"
#include "transport/system_mutex.h"

namespace plumb {

// Where what is sent to a group goes.
struct MulticastRoute {
  // As the socket says: 0 leaves it to the address that it is bound to.
  uint32_t interface = 0;
  bool own_host = true;
  bool hops = true;

  // The interface that a socket sends through that is bound to `source`.
  void Choose(const IpAddr& source) {
    if (interface == 0) interface = source.IsLoopback() ? kLoopback : kEthernet;
    // What goes through the loopback comes back, whatever the socket says.
    if (interface == kLoopback) own_host = true;
  }
  // Whether it goes beyond `own`, the sender's host. Without hops it does where
  // no member here hears it: Linux asks for them when it hands it over.
  bool ReachesOthers(const HostState& own, const IpAddr& group) const;
};

// Whether what comes to `group` through `interface` is for `host`.
bool IsMember(const HostState& host, const IpAddr& group, uint32_t interface);

// Of the socket of `host` whose PacketConn has `state`, bound to `where`.
class UdpMulticast final : public MulticastControl {
 public:
  UdpMulticast(const HostRef& host, std::shared_ptr<CallState> state,
               const AddressSet& where)
      : host_(host), state_(std::move(state)), where_(where) {}

  absl::Status JoinGroup(const IpAddr& group,
                         absl::string_view interface) override;
  absl::Status LeaveGroup(const IpAddr& group,
                          absl::string_view interface) override;
  absl::Status SetMulticastInterface(absl::string_view interface) override;
  absl::Status SetMulticastLoopback(bool on) override;
  absl::Status SetMulticastHops(int hops) override;

  MulticastRoute Route() const;
  // Whether the socket is given what comes to `group`, of which the host is a
  // member there.
  bool Hears(const IpAddr& group, uint32_t interface) const;
  void LeaveAll();

 private:
  // Does `change`, whose errors are causes, unless the socket is closed.
  template <typename Change>
  absl::Status Apply(Change change);
  // The membership that is meant. Errors are causes.
  absl::StatusOr<HostState::Group> FindGroup(const IpAddr& group,
                                             absl::string_view interface) const;
  absl::Status Join(const HostState::Group& group);
  absl::Status Leave(const HostState::Group& group);

  const HostRef host_;
  const std::shared_ptr<CallState> state_;
  const AddressSet where_;

  mutable SystemMutex mutex_;  // after the network's
  bool only_joined_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<HostState::Group> groups_ ABSL_GUARDED_BY(mutex_);
  uint32_t interface_ ABSL_GUARDED_BY(mutex_) = 0;
  bool loopback_ ABSL_GUARDED_BY(mutex_) = true;
  int hops_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_MULTICAST_H_
