#include "testing/fault/fault_policy.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/fault/fault_link_rules.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_spec.h"
#include "testing/fault/fault_verdict.h"

namespace plumb {
namespace {

// How many receivers of one sender are remembered without a hash, and how many
// with one; with one more these are forgotten, and what goes to them is counted
// anew.
constexpr size_t kFirst = 4;
constexpr size_t kPeers = 4096;

FaultNetwork NetworkOf(Packet::Protocol protocol) {
  switch (protocol) {
    case Packet::Protocol::kTcp:
      return FaultNetwork::kTcp;
    case Packet::Protocol::kUdp:
      return FaultNetwork::kUdp;
    case Packet::Protocol::kUnix:
      return FaultNetwork::kUnix;
    case Packet::Protocol::kUnixgram:
      return FaultNetwork::kUnixgram;
    case Packet::Protocol::kUnixpacket:
      return FaultNetwork::kUnixpacket;
  }
  return FaultNetwork::kTcp;
}

FaultSegment SegmentOf(const Packet& packet) {
  if (packet.Has(Packet::kRst)) return FaultSegment::kAbort;
  if (packet.Has(Packet::kSyn)) {
    return packet.Has(Packet::kAck) ? FaultSegment::kAnswer
                                    : FaultSegment::kOpen;
  }
  return packet.Has(Packet::kFin) ? FaultSegment::kEnd : FaultSegment::kData;
}

// They alone have no flags.
bool IsDatagram(const Packet& packet) { return packet.flags == 0; }

FaultPacket Describe(const Packet& packet) {
  FaultPacket described;
  described.segment = SegmentOf(packet);
  described.position = IsDatagram(packet) ? packet.ordinal : packet.offset;
  described.size = packet.payload.size();
  described.attempt = packet.attempt;
  return described;
}

PacketChange::Kind KindOf(FaultAction action) {
  if (action == FaultAction::kDuplicate) return PacketChange::Kind::kDuplicated;
  if (action == FaultAction::kCorrupt) return PacketChange::Kind::kCorrupted;
  return PacketChange::Kind::kDelayed;
}

std::vector<PacketChange> ChangesOf(const FaultVerdict& verdict) {
  std::vector<PacketChange> changes;
  for (const FaultLinkRule* rule : verdict.changed_by) {
    const PacketChange::Kind kind = KindOf(rule->action);
    // A rate has let it go at once.
    if (kind == PacketChange::Kind::kDelayed &&
        verdict.delay == absl::ZeroDuration()) {
      continue;
    }
    changes.push_back({kind, rule->spec().id});
  }
  return changes;
}

Judgement EndOf(const FaultVerdict& verdict) {
  switch (verdict.action) {
    case FaultVerdict::Action::kHold:
      return Judgement::Hold(verdict.rule);
    case FaultVerdict::Action::kReset:
      return Judgement::Reset(verdict.rule);
    default:
      return Judgement::Drop(verdict.rule);
  }
}

Judgement JudgementOf(const FaultVerdict& verdict, const Packet& packet) {
  if (!verdict.passes()) {
    Judgement end = EndOf(verdict);
    end.by_rule = !verdict.by_event;
    return end;
  }
  Judgement judgement = Judgement::Pass(verdict.delay);
  judgement.copies.assign(verdict.copies.begin(), verdict.copies.end());
  if (!verdict.changes.empty()) {
    std::string payload(packet.payload);
    for (const FaultVerdict::Change& change : verdict.changes) {
      payload[change.at] = static_cast<char>(
          static_cast<uint8_t>(payload[change.at]) ^ change.flip);
    }
    judgement.payload = std::move(payload);
  }
  return judgement;
}

}  // namespace

FaultPolicy::FaultPolicy(std::shared_ptr<Faults> faults)
    : faults_(std::move(faults)) {}

FaultPolicy::~FaultPolicy() { faults_->Unsubscribe(subscription_); }

void FaultPolicy::Start(std::weak_ptr<LinkControl> link) {
  network_ = link;
  const auto started = link.lock();
  is_observed_ = started != nullptr && started->IsObserved();
  subscription_ = faults_->Subscribe([this, link] {
    const auto network = link.lock();
    if (network == nullptr) return;
    network->JudgeInFlight();
    AwaitEdge();
  });
  AwaitEdge();
}

// The network owns this, and calls back only while it is there. Rules that came
// later may have an earlier edge than the one that is awaited.
void FaultPolicy::AwaitEdge() {
  const absl::Time now = faults_->clock().TimeNow();
  const absl::Time edge = faults_->NextEdge(now);
  const auto network = network_.lock();
  if (network == nullptr) return;
  {
    SystemMutexLock lock(&mutex_);
    if (edge >= awaited_) return;
    awaited_ = edge;
  }
  network->CallAfter(edge - now, [this, edge] {
    {
      SystemMutexLock lock(&mutex_);
      if (awaited_ == edge) awaited_ = absl::InfiniteFuture();
    }
    if (const auto there = network_.lock()) there->JudgeInFlight();
    AwaitEdge();
  });
}

// Between the same two names there may be many connections of unix sockets.
uint64_t FaultPolicy::InstanceOf(const Packet& packet) {
  if (packet.protocol != Packet::Protocol::kUnix) return 0;
  std::string ends[] = {
      absl::StrCat(packet.source_host, " ", packet.source.name()),
      absl::StrCat(packet.destination_host, " ", packet.destination.name())};
  if (ends[1] < ends[0]) std::swap(ends[0], ends[1]);
  return unix_connections_[absl::StrCat(ends[0], " ", ends[1])]++;
}

FaultPolicy::Flow& FaultPolicy::FlowOf(const Packet& packet) {
  if (last_flow_ != nullptr && last_number_ == packet.flow) return *last_flow_;
  std::unique_ptr<Flow>& flow = flows_[packet.flow];
  if (flow == nullptr) {
    flow = std::make_unique<Flow>();
    flow->instance = InstanceOf(packet);
  }
  last_number_ = packet.flow;
  last_flow_ = flow.get();
  return *flow;
}

void FaultPolicy::EndFlow(uint64_t flow) {
  if (last_number_ == flow) last_flow_ = nullptr;
  flows_.erase(flow);
}

FaultLink& FaultPolicy::LinkOf(const Packet& packet) {
  Flow& flow = FlowOf(packet);
  if (IsDatagram(packet)) return LinkOfDatagram(packet, flow);
  std::unique_ptr<FaultLink>& link = flow.sides[packet.side];
  if (link == nullptr) link = MakeLink(packet, flow);
  return *link;
}

FaultLink& FaultPolicy::LinkOfDatagram(const Packet& packet, Flow& flow) {
  for (const Way& way : flow.first) {
    if (way.destination == packet.destination && way.source == packet.source) {
      return *way.link;
    }
  }
  if (flow.first.size() < kFirst) {
    flow.first.push_back(
        {packet.source, packet.destination, MakeLink(packet, flow)});
    return *flow.first.back().link;
  }
  std::unique_ptr<FaultLink>& link =
      flow.rest[{packet.source, packet.destination}];
  if (link != nullptr) return *link;
  std::unique_ptr<FaultLink> made = MakeLink(packet, flow);
  if (flow.rest.size() <= kPeers) return *(link = std::move(made));
  flow.rest.clear();
  return *(flow.rest[{packet.source, packet.destination}] = std::move(made));
}

std::unique_ptr<FaultLink> FaultPolicy::MakeLink(const Packet& packet,
                                                 const Flow& flow) {
  FaultEnds ends;
  ends.network = NetworkOf(packet.protocol);
  ends.from = {packet.source_host, packet.source};
  ends.to = {packet.destination_host, packet.destination};
  ends.instance = flow.instance;
  ends.flow = flow.flow;
  return std::make_unique<FaultLink>(faults_, std::move(ends));
}

Judgement FaultPolicy::AtSend(const Packet& packet, absl::Time now) {
  const FaultVerdict verdict = LinkOf(packet).AtSend(Describe(packet), now);
  if (verdict.action == FaultVerdict::Action::kHold) {
    SetHolder(packet.id, verdict.rule);
  }
  Judgement judgement = JudgementOf(verdict, packet);
  if (is_observed_) judgement.changes = ChangesOf(verdict);
  return judgement;
}

std::optional<Judgement> FaultPolicy::InFlight(const Packet& packet,
                                               absl::Time now) {
  const std::string holder = HolderOf(packet.id);
  {
    SystemMutexLock lock(&mutex_);
    const auto decided = decisions_.find(packet.id);
    if (decided != decisions_.end()) {
      Judgement judgement = std::move(decided->second);
      decisions_.erase(decided);
      holders_.erase(packet.id);
      return judgement;
    }
  }
  const std::optional<FaultVerdict> verdict =
      LinkOf(packet).InFlight(Describe(packet), holder, now);
  const bool holds =
      verdict.has_value() && verdict->action == FaultVerdict::Action::kHold;
  if (holds && verdict->rule == holder) return std::nullopt;
  SetHolder(packet.id, holds ? verdict->rule : absl::string_view());
  if (verdict.has_value()) return JudgementOf(*verdict, packet);
  if (holder.empty()) return std::nullopt;
  return Judgement::Pass();
}

Judgement FaultPolicy::AtLanding(const Packet& packet, absl::Time now) {
  FaultLink& link = LinkOf(packet);
  if (link.LandsAll(now)) return Judgement::Pass();
  const FaultVerdict verdict = link.AtLanding(Describe(packet), now);
  if (verdict.action == FaultVerdict::Action::kHold) {
    SetHolder(packet.id, verdict.rule);
  }
  return JudgementOf(verdict, packet);
}

std::vector<uint64_t> FaultPolicy::HeldBy(absl::string_view rule) const {
  std::vector<uint64_t> ids;
  SystemMutexLock lock(&mutex_);
  for (const auto& [id, holder] : holders_) {
    if (holder == rule) ids.push_back(id);
  }
  return ids;
}

void FaultPolicy::Decide(uint64_t packet_id, Judgement judgement) {
  {
    SystemMutexLock lock(&mutex_);
    decisions_[packet_id] = std::move(judgement);
  }
  if (const auto network = network_.lock()) network->JudgeInFlight();
}

std::string FaultPolicy::HolderOf(uint64_t packet_id) const {
  SystemMutexLock lock(&mutex_);
  const auto it = holders_.find(packet_id);
  return it == holders_.end() ? std::string() : it->second;
}

void FaultPolicy::SetHolder(uint64_t packet_id, absl::string_view rule) {
  SystemMutexLock lock(&mutex_);
  if (rule.empty()) {
    holders_.erase(packet_id);
  } else {
    holders_[packet_id] = std::string(rule);
  }
}

}  // namespace plumb
