// The udp of a fake network ("udp", "fakegram"): how its datagrams find their
// way, and the socket of a dialled Conn and of a PacketConn.
#ifndef PLUMB_BACKENDS_FAKE_UDP_SOCKET_H_
#define PLUMB_BACKENDS_FAKE_UDP_SOCKET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "backends/fake/address_set.h"
#include "backends/fake/datagram_socket.h"
#include "backends/fake/ip_kinds.h"
#include "backends/fake/multicast.h"
#include "backends/fake/network_state.h"
#include "backends/fake/wire.h"
#include "transport/ip_addr.h"

namespace plumb {

class UdpSocket;

// What a socket's datagrams are on a Wire.
struct UdpFlow {
  explicit UdpFlow(std::shared_ptr<const Wire::Flow> f) : flow(std::move(f)) {}

  const std::shared_ptr<const Wire::Flow> flow;
  std::atomic<uint64_t> sent{0};
};

// How many bytes of one sender are on their way.
using UdpInFlight = std::atomic<size_t>;

// A bound udp port, as a sender.
struct UdpPort {
  UdpPort(const HostRef& h, const AddressSet& w, uint16_t p);

  // Sends `data` to `to`, and when that is a group by `route`. An errno of 0,
  // EMSGSIZE, or why `to` cannot be reached from here. Losing it is no error;
  // `sender`, unless it is null, learns when nobody is there.
  int Send(IpPort to, std::string data,
           const std::shared_ptr<UdpSocket>& sender,
           MulticastRoute route = MulticastRoute()) const;

  // Of a datagram that is not sent because of an earlier one, so that what
  // became of that does not shift the ordinals of those that follow.
  void CountUnsent() const {
    if (flow != nullptr) flow->sent.fetch_add(1);
  }

  // The same port, with a count of its own.
  UdpPort ForAnotherSender() const {
    UdpPort same = *this;
    if (in_flight != nullptr) same.in_flight = std::make_shared<UdpInFlight>(0);
    return same;
  }
  size_t BytesInFlight() const {
    return in_flight == nullptr ? 0 : in_flight->load();
  }

  HostRef host;
  AddressSet where;
  uint16_t port;
  // Null without a Wire.
  std::shared_ptr<UdpFlow> flow;
  std::shared_ptr<UdpInFlight> in_flight;

 private:
  // It sends from where it is bound, and not from where the way there begins.
  bool HasOwnSource() const {
    return !where.ip().IsUnspecified() && !IsOfMany(where.ip());
  }
  // An errno, and the address to send from.
  int SourceFor(const IpAddr& to, IpAddr* source) const;
};

// What a datagram to `remote` can carry.
size_t MaxUdpPayload(const IpAddr& remote);

class UdpSocket final : public DatagramSocket,
                        public std::enable_shared_from_this<UdpSocket> {
 public:
  // `multicast` is null for a socket that cannot join groups.
  UdpSocket(std::shared_ptr<CallState> state, const Addr& peer, Limits limits,
            UdpPort port, std::unique_ptr<UdpMulticast> multicast = nullptr)
      : DatagramSocket(std::move(state), peer, limits),
        port_(std::move(port)),
        multicast_(std::move(multicast)) {}

  int Send(const Addr& to, Datagram& datagram) override;
  size_t MaxMessageSize() const override;
  size_t BytesInFlight() const override { return port_.BytesInFlight(); }
  Verdict Deliver(const Addr& from, Datagram& datagram,
                  const std::shared_ptr<CallState>& sender) override;

  bool Hears(const IpAddr& group, uint32_t interface) const override {
    const uint32_t bound = port_.where.ip().zone();
    if (bound != 0 && bound != interface) return false;
    return multicast_ == nullptr || multicast_->Hears(group, interface);
  }
  void* Extension(absl::string_view name) override;
  void LeaveGroups() { multicast_->LeaveAll(); }

  // Nobody was there.
  void Refuse(int error) { SetError(error); }

 private:
  const UdpPort port_;
  const std::unique_ptr<UdpMulticast> multicast_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_UDP_SOCKET_H_
