// PacketConns over udp, which can be members of multicast groups.
//
// Threads: as for PacketConn.
#ifndef PLUMB_BACKENDS_UDP_UDP_PACKETS_H_
#define PLUMB_BACKENDS_UDP_UDP_PACKETS_H_

#include <sys/socket.h>

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/ip_socket.h"
#include "backends/posix/packet_socket.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/ip_addr.h"
#include "transport/multicast.h"

namespace plumb {

class UdpPackets final : public PacketSocket, public MulticastControl {
 public:
  // `descriptor` is bound and non-blocking, of `family`; `names` has the
  // network and the local address.
  UdpPackets(Clock& clock, plumb::Descriptor descriptor,
             std::shared_ptr<const CallNames> names, IpFamily family);
  ~UdpPackets() override { CloseOnce(); }

  void* Extension(absl::string_view name) override;

  absl::Status JoinGroup(const IpAddr& group,
                         absl::string_view interface) override;
  absl::Status LeaveGroup(const IpAddr& group,
                          absl::string_view interface) override;
  absl::Status SetMulticastInterface(absl::string_view interface) override;
  absl::Status SetMulticastLoopback(bool on) override;
  absl::Status SetMulticastHops(int hops) override;

 private:
  // An option that both protocols have, each under a name of its own.
  struct IpOption {
    int v4;
    int v6;
  };
  // Sets it for each protocol that the socket speaks. Errors are causes.
  absl::Status SetForAll(int fd, IpOption option, const void* value_v4,
                         size_t size_v4, int value_v6) const;
  absl::Status SetForAll(int fd, IpOption option, int value) const {
    return SetForAll(fd, option, &value, sizeof value, value);
  }
  // Whether there can be such a group here. Errors are causes.
  absl::Status CheckGroup(const IpAddr& group) const;

  bool v4() const { return family_.family == AF_INET || !family_.v6_only; }
  bool v6() const { return family_.family == AF_INET6; }

  const IpFamily family_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UDP_UDP_PACKETS_H_
