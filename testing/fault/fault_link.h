// A FaultLink is one direction of a connection, or a sender and a receiver of
// datagrams, as fault rules see it. Who carries packets or calls keeps one for
// each, and asks it; it knows which of the rules can concern it, so that asking
// costs what these cost.
//
//   plumb::FaultEnds ends;
//   ends.from = {"web", conn->LocalAddr()};
//   ends.to = {"db", conn->RemoteAddr()};
//   ends.flow = faults->NewFlow();
//   plumb::FaultLink out(faults, ends);
//   ...
//   const plumb::FaultVerdict verdict =
//       out.AtSend(packet, faults->clock().TimeNow());
//
// Packets are judged three times:
//   AtSend     once, when it leaves its sender: by all rules for packets
//   InFlight   when something has changed (Faults::Subscribe, NextEdge), for
//              what is delayed or held: by hold, partition and crashes
//   AtLanding  before the receiver sees it: by partition, half_open and crashes
// What carries no packets, but calls over a real socket, makes a packet of each
// piece that is written, and asks AtSend and AtLanding when it hands it on.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_FAULT_FAULT_LINK_H_
#define PLUMB_TESTING_FAULT_FAULT_LINK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "testing/fault/fault_state.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"

namespace plumb {

class FaultLink {
 public:
  FaultLink(std::shared_ptr<const Faults> faults, FaultEnds ends);

  // `now` is on the plan's clock.
  FaultVerdict AtSend(const FaultPacket& packet, absl::Time now);
  // `held_by` is the rule that holds it, empty when it is on its way. Nothing:
  // nothing concerns it, so that what is on its way goes on, and what was held
  // is held no longer. A rule with nth or every has chosen at send.
  std::optional<FaultVerdict> InFlight(const FaultPacket& packet,
                                       absl::string_view held_by,
                                       absl::Time now);
  FaultVerdict AtLanding(const FaultPacket& packet, absl::Time now);

  // What a call made at `from` is to expect. A dial's `to` is what is dialled.
  FaultCallVerdict AtCall(const FaultCall& call, absl::Time now);

 private:
  // Sees to it that what follows is up to date.
  void Refresh();
  bool Concerns(const FaultSpec& rule) const;
  uint64_t PlaceOf(const FaultPacket& packet) const;
  // By outages and silence, which no match of the packet matters to.
  bool Cut(absl::Duration elapsed, FaultVerdict* verdict);
  // Whether what fits fires now.
  bool FiresAtSend(FaultState& rule, const FaultPacket& packet, uint64_t place);
  bool FailsDial(FaultState& rule, const FaultPacket& packet, uint64_t place);
  void Modify(FaultState& rule, const FaultPacket& packet, uint64_t place,
              absl::Time now, FaultVerdict* verdict) const;

  const std::shared_ptr<const Faults> faults_;
  const FaultEnds ends_;
  const bool stream_;
  const uint64_t key_;   // of the two ends and the direction
  const uint64_t pipe_;  // of the two hosts and the direction
  const uint64_t dial_;  // of the host that dials, and the address

  absl::Duration opened_;  // when, from the plan's start
  std::string failed_dial_by_;
  uint64_t generation_ = 0;
  std::shared_ptr<const FaultTable> table_;
  // Of those that can concern this link, in their order.
  std::vector<FaultState*> packets_;
  std::vector<FaultState*> flights_;
  std::vector<FaultState*> calls_;
  // Those that can have silenced it, from either end.
  std::vector<FaultState*> silencers_;
  std::vector<const FaultOutage*> outages_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_LINK_H_
