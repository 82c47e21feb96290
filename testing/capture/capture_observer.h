// What a fake network carries, as a capture: its own packets, with its sequence
// numbers and windows, what was lost, held and sent again.
//
//   plumb::Capture capture;
//   plumb::FakeNetworkOptions options;
//   options.observer = std::make_shared<plumb::CaptureObserver>(capture);
//   plumb::FakeNetwork network(options);
//
// Give the Capture the network's clock, for Comment and Note. Each host is an
// interface, and each packet is written once, as outbound at its sender, with
// the time at which it was sent. Comments tell what became of it:
// - "rule 'NAME' dropped it", "dropped: the backlog is full", "dropped: crash
//   of db", "dropped", after which it may be sent again
// - "rule 'NAME' delayed it", "... duplicated it", "... corrupted it": the
//   capture has the bytes that were sent; "a copy", of one that a rule made
// - "held 2s by rule 'NAME'", "held 2s: pause of db"
// - "arrived after 20ms", when that was 1 ms or more
// - "on its way" and "held by rule 'NAME'", when the file is written
// - "sent again", of a retransmission
//
// A CaptureTransport on the same network with the same Capture would write
// everything twice.
//
// Threads: as PacketObserver. Lifetime: may outlive the Capture.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURE_OBSERVER_H_
#define PLUMB_TESTING_CAPTURE_CAPTURE_OBSERVER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "backends/fake/packet.h"
#include "backends/fake/packet_observer.h"
#include "testing/capture/capture.h"
#include "testing/capture/capture_state.h"
#include "testing/capture/packet_store.h"
#include "testing/capture/pcapng.h"

namespace plumb {

class CaptureObserver final : public PacketObserver {
 public:
  explicit CaptureObserver(Capture& capture) : state_(capture.state()) {}

  void OnPacket(const PacketEvent& event) override;

 private:
  // A packet that is on its way.
  struct Sent {
    PendingId pending = 0;
    absl::Time time;
    absl::Time held_since = absl::InfiniteFuture();
    std::string holder;  // who held it last, as a comment says it
  };

  void OnSent(const PacketEvent& event)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex);
  void OnChanged(const PacketEvent& event)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex);
  void OnHeld(const PacketEvent& event)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex);
  void OnEnd(const PacketEvent& event)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex);
  LinkType Encode(const Packet& packet)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex);
  void EncodeUnix(const Packet& packet)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(state_->mutex);

  const std::shared_ptr<CaptureState> state_;
  // By Packet::id; copies have the same one, and go in order.
  std::multimap<uint64_t, Sent> sent_ ABSL_GUARDED_BY(state_->mutex);
  // Kept for their memory.
  std::string packet_ ABSL_GUARDED_BY(state_->mutex);
  std::string text_ ABSL_GUARDED_BY(state_->mutex);
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURE_OBSERVER_H_
