// A FaultLink is one direction of a connection, or a sender and a receiver of
// datagrams, as fault rules see it. Who carries packets or calls keeps one for
// each, and asks it; it knows which of the rules can concern it, so that asking
// costs what these cost.
//
//   plumb::FaultEnds ends;
//   ends.from = {"web", conn->LocalAddr()};
//   ends.to = {"db", conn->RemoteAddr()};
//   ends.flow = std::make_shared<plumb::FaultFlow>();
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
#include "testing/fault/fault_link_rules.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"

namespace plumb {

class FaultLink {
 public:
  FaultLink(std::shared_ptr<const Faults> faults, FaultEnds ends);
  FaultLink(const FaultLink&) = delete;
  FaultLink& operator=(const FaultLink&) = delete;

  // `now` is on the plan's clock.
  FaultVerdict AtSend(const FaultPacket& packet, absl::Time now);
  // The same for a message whose call failed, so that it was never sent: rules
  // with nth and every have counted it, as its sender has.
  void AtRefusal(const FaultPacket& packet, absl::Time now);
  // `held_by` is the rule that holds it, empty when it is on its way. Nothing:
  // nothing concerns it, so that what is on its way goes on, and what was held
  // is held no longer. A rule with nth or every has chosen at send.
  std::optional<FaultVerdict> InFlight(const FaultPacket& packet,
                                       absl::string_view held_by,
                                       absl::Time now);
  FaultVerdict AtLanding(const FaultPacket& packet, absl::Time now);
  // Whether every packet passes at landing, so that none needs to be asked
  // about.
  bool LandsAll(absl::Time now);

  // What a call made at `from` is to expect. A dial's `to` is what is dialled.
  FaultCallVerdict AtCall(const FaultCall& call, absl::Time now);
  // Whether a rule for calls is still on.
  bool IsOnAtCall(absl::string_view rule, absl::Time now);

 private:
  // Brings the rules up to date; the time from the plan's start.
  absl::Duration Begin(absl::Time now);
  uint64_t PlaceOf(const FaultPacket& packet) const;
  // By outages and silence, which no match of the packet matters to.
  bool Cut(absl::Duration elapsed, FaultVerdict* verdict);
  bool FitsSegment(const FaultLinkRule& rule, const FaultPacket& packet) const;
  bool PickyFires(FaultLinkRule& rule, const FaultPacket& packet,
                  uint64_t place);
  bool FallsInBurst(FaultLinkRule& rule, const FaultPacket& packet,
                    uint64_t place) const;
  bool FailsDial(FaultLinkRule& rule, const FaultPacket& packet,
                 uint64_t place);
  FaultVerdict EndBy(FaultLinkRule& rule, absl::Duration elapsed);
  void Modify(FaultLinkRule& rule, const FaultPacket& packet, uint64_t place,
              absl::Time now, FaultVerdict* verdict) const;

  const std::shared_ptr<const Faults> faults_;
  const FaultEnds ends_;
  const bool stream_;
  const uint64_t key_;   // of the two ends and the direction
  const uint64_t pipe_;  // of the two hosts and the direction
  const uint64_t dial_;  // of the host that dials, and the address

  absl::Duration opened_;  // when, from the plan's start
  std::string failed_dial_by_;
  FaultLinkRules rules_;
  std::vector<FaultLinkRule*> changes_;  // of one AtSend; kept for its memory
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_LINK_H_
