#include "testing/fault/held_link.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "backends/fake/link_policy.h"
#include "gtest/gtest.h"
#include "testing/fault/fault_plan.pb.h"
#include "testing/fault/make_faults.h"

namespace plumb {

HeldLink::HeldLink(FakeNetwork& network, FaultPolicy& policy,
                   absl::string_view from, absl::string_view to)
    : network_(network),
      policy_(policy),
      rule_(absl::StrCat("held ", from, ">", to)) {
  FaultRule rule;
  rule.set_id(rule_);
  rule.set_optional(true);
  rule.mutable_match()->set_from(std::string(from));
  rule.mutable_match()->set_to(std::string(to));
  rule.mutable_match()->set_direction(FaultRule::Match::FORTH);
  rule.mutable_hold();
  const absl::Status status = AddRule(*policy_.faults(), rule);
  if (!status.ok()) ADD_FAILURE() << status;
}

HeldLink::~HeldLink() { (void)policy_.faults()->Remove(rule_); }

std::vector<PacketInFlight> HeldLink::Packets() const {
  const std::vector<uint64_t> ids = policy_.HeldBy(rule_);
  std::vector<PacketInFlight> packets;
  for (PacketInFlight& packet : network_.InFlight()) {
    if (packet.held &&
        std::binary_search(ids.begin(), ids.end(), packet.packet.id)) {
      packets.push_back(std::move(packet));
    }
  }
  return packets;
}

std::vector<std::string> HeldLink::Payloads() const {
  std::vector<std::string> payloads;
  for (const PacketInFlight& packet : Packets()) {
    payloads.push_back(*packet.payload);
  }
  return payloads;
}

void HeldLink::Deliver(const PacketInFlight& packet) {
  policy_.Decide(packet.packet.id, Judgement::Pass());
}

void HeldLink::Drop(const PacketInFlight& packet) {
  policy_.Decide(packet.packet.id, Judgement::Drop(rule_));
}

void HeldLink::DeliverAll() {
  for (const PacketInFlight& packet : Packets()) Deliver(packet);
}

}  // namespace plumb
