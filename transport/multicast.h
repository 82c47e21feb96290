// Multicast over udp: receiving what is sent to a group, and how what is sent
// to one travels.
//
//   ASSIGN_OR_RETURN(auto packets,
//                    transport.ListenPacket("udp", "239.1.2.3:5000"));
//   auto* multicast = plumb::Extension<plumb::MulticastControl>(*packets);
//   RETURN_IF_ERROR(multicast->JoinGroup(packets_group, "eth0"));
//
// ListenPacket on a multicast address shares the port with other sockets that
// do the same, and joins no group by itself.
#ifndef PLUMB_TRANSPORT_MULTICAST_H_
#define PLUMB_TRANSPORT_MULTICAST_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "transport/ip_addr.h"

namespace plumb {

// PacketConns over udp, udp4 and udp6.
//
// An interface is the name of one, "eth0", or its index, "2"; "" leaves the
// choice to the system's routes.
//
// Threads: any method at any time. Errors: "set udp 0.0.0.0:5000: ...".
// InvalidArgument for what is no multicast address, "address 10.0.0.1: not a
// multicast address", for one of a family that the socket has not, and for an
// interface that there is not, "interface eth9: no such network interface".
class MulticastControl {
 public:
  static constexpr char kExtensionName[] = "plumb.MulticastControl";

  // Receives what comes to `group` through `interface`, and, from the first
  // JoinGroup on, of multicast nothing else: without it Linux delivers what any
  // socket of the machine has joined (IP_MULTICAST_ALL, ip(7)). But what comes
  // to an IPv6 group through an interface on which another socket is a member
  // is for all members, whatever interface they have joined on. AlreadyExists
  // when it is a member already, ResourceExhausted beyond the system's limit
  // (igmp_max_memberships). Close leaves all groups.
  virtual absl::Status JoinGroup(const IpAddr& group,
                                 absl::string_view interface = "") = 0;
  // With the same interface. InvalidArgument when it is no member.
  virtual absl::Status LeaveGroup(const IpAddr& group,
                                  absl::string_view interface = "") = 0;

  // Through which interface multicast is sent.
  virtual absl::Status SetMulticastInterface(absl::string_view interface) = 0;
  // Whether what is sent also reaches members on this machine; on by default.
  virtual absl::Status SetMulticastLoopback(bool on) = 0;
  // Over how many hops it is sent, 0 to 255; 1, this network alone, by default.
  // 0 keeps it on this machine, but Linux only while a member is there, which
  // over IPv6 has to hear it by the loopback.
  virtual absl::Status SetMulticastHops(int hops) = 0;

 protected:
  ~MulticastControl() = default;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_MULTICAST_H_
