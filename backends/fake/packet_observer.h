// A PacketObserver sees what a fake network carries, and what becomes of it.
//
//   class Counter : public plumb::PacketObserver {
//     void OnPacket(const plumb::PacketEvent& event) override { ++packets_; }
//     ...
//   };
//   plumb::FakeNetworkOptions options;
//   options.observer = std::make_shared<Counter>();
//   plumb::FakeNetwork network(options);
//
// Of each packet it is told kSent, and then one of kDelivered and kDropped; in
// between kChanged, when a policy delays, copies or corrupts it and says who
// did, and kHeld, each time that a policy holds it. A copy that a policy makes
// is told as another packet with the same id. On tcp the handshake,
// acknowledgments, FIN and RST are packets as on a real network; a lost segment
// is sent again as Packet::attempt says.
//
// Threads: called by one thread at a time, in the order in which things happen
// on the network, without a lock. It must not block; it may use the network,
// and sees what it does there after it has returned. A call on the network
// returns after its packets were told, unless another thread is just telling
// the observer of something.
#ifndef PLUMB_BACKENDS_FAKE_PACKET_OBSERVER_H_
#define PLUMB_BACKENDS_FAKE_PACKET_OBSERVER_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/packet.h"

namespace plumb {

struct PacketEvent {
  enum class Kind : uint8_t {
    kSent,
    kChanged,    // by the policy, and goes on
    kHeld,       // until the policy lets it go
    kDropped,    // by the policy, or since there was no room or nobody
    kDelivered,  // at the other end
  };

  Kind kind;
  const Packet& packet;
  absl::Time time;          // on the network's clock
  absl::string_view cause;  // of kHeld and kDropped; else empty
  // Of kHeld and kDropped: `cause` is a rule of the policy, and no event, and
  // not the network's own.
  bool by_rule = false;
  absl::Span<const PacketChange> changes = {};  // of kChanged
};

class PacketObserver {
 public:
  virtual ~PacketObserver() = default;

  virtual void OnPacket(const PacketEvent& event) = 0;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_PACKET_OBSERVER_H_
