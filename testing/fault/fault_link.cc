#include "testing/fault/fault_link.h"

#include <algorithm>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "testing/fault/fault_hash.h"

namespace plumb {
namespace {

// Names in place of addresses: which address a host of a fake network has
// depends on how many there are.
uint64_t HashHost(const FaultEnd& end) {
  if (!end.host.empty()) return FaultHash(absl::AsciiStrToLower(end.host));
  if (end.addr.is_ip()) return FaultHash(end.addr.ip().ToString());
  return FaultHash(end.addr.name());
}

uint64_t HashEnd(const FaultEnd& end) {
  const uint64_t name =
      end.addr.is_ip() ? end.port : FaultHash(end.addr.name()) + end.port;
  return FaultMix(HashHost(end), name);
}

uint64_t HashEnds(const FaultEnds& ends) {
  const uint64_t both = FaultMix(HashEnd(ends.from), HashEnd(ends.to));
  return FaultMix(FaultMix(both, static_cast<uint64_t>(ends.network)),
                  ends.instance);
}

bool Is(const FaultEnd& end, const FaultOutage& outage) {
  return absl::EqualsIgnoreCase(end.host, outage.host);
}

bool FitsSegment(const FaultSpec& rule, const FaultPacket& packet,
                 bool stream) {
  if (rule.segment != FaultSegment::kAny && rule.segment != packet.segment) {
    return false;
  }
  if (!stream) return true;
  // What has no bytes is behind all that were sent before.
  const uint64_t end = packet.position + std::max<size_t>(packet.size, 1);
  return rule.after_bytes == 0 || end > rule.after_bytes;
}

bool IsCounted(const FaultSpec& rule) {
  return rule.nth != 0 || rule.every != 0;
}

FaultVerdict End(FaultVerdict::Action action, absl::string_view rule) {
  FaultVerdict verdict;
  verdict.action = action;
  verdict.rule = rule;
  return verdict;
}

FaultVerdict::Action ActionAtSend(const FaultSpec& rule) {
  switch (rule.action) {
    case FaultAction::kHold:
      return FaultVerdict::Action::kHold;
    case FaultAction::kReset:
      return FaultVerdict::Action::kReset;
    case FaultAction::kFailDial:
      return rule.dial == DialFault::kRefused ? FaultVerdict::Action::kReset
                                              : FaultVerdict::Action::kDrop;
    default:
      return FaultVerdict::Action::kDrop;
  }
}

absl::Duration DelayOf(const FaultSpec& rule, uint64_t draw) {
  return rule.jitter > absl::ZeroDuration()
             ? rule.delay + rule.jitter * FaultFraction(draw)
             : rule.delay;
}

void AddTo(FaultCallVerdict& verdict, const FaultState& rule, uint64_t place) {
  const FaultSpec& spec = rule.spec();
  switch (spec.action) {
    case FaultAction::kDelay:
      verdict.delay += DelayOf(spec, rule.Draw(FaultMix(place, 1)));
      break;
    case FaultAction::kChunk:
      verdict.max_bytes = verdict.max_bytes == 0
                              ? spec.amount
                              : std::min(verdict.max_bytes, spec.amount);
      break;
    case FaultAction::kFailDial:
      verdict.dial = spec.dial;
      break;
    case FaultAction::kFailOp:
      verdict.error = spec.error;
      break;
    default:
      break;
  }
}

}  // namespace

FaultLink::FaultLink(std::shared_ptr<const Faults> faults, FaultEnds ends)
    : faults_(std::move(faults)),
      ends_(std::move(ends)),
      stream_(IsStream(ends_.network)),
      key_(HashEnds(ends_)),
      pipe_(FaultMix(HashHost(ends_.from), HashHost(ends_.to))),
      dial_(FaultMix(HashHost(ends_.from), HashEnd(ends_.to))),
      opened_(faults_->clock().TimeNow() - faults_->start()) {}

bool FaultLink::Concerns(const FaultSpec& rule) const {
  const FaultEnd& from = ends_.from;
  const FaultEnd& to = ends_.to;
  if (!rule.network.Matches(ends_.network,
                            to.addr.is_ip() ? to.addr : from.addr)) {
    return false;
  }
  const auto fits = [&rule](const FaultEnd& a, const FaultEnd& b) {
    return rule.from.Matches(a.host, a.addr) &&
           rule.to.Matches(b.host, b.addr) &&
           (rule.port == 0 || rule.port == b.port);
  };
  return (rule.forth && fits(from, to)) || (rule.back && fits(to, from));
}

void FaultLink::Refresh() {
  const uint64_t generation = faults_->generation();
  if (generation == generation_) return;
  generation_ = generation;
  table_ = faults_->table();
  for (auto* list : {&packets_, &flights_, &calls_, &silencers_}) list->clear();
  outages_.clear();
  for (const std::shared_ptr<FaultState>& rule : table_->rules) {
    const FaultSpec& spec = rule->spec();
    if (spec.action == FaultAction::kHalfOpen) silencers_.push_back(rule.get());
    if (!Concerns(spec)) continue;
    const bool packets = spec.Has(FaultOperation::kPacket);
    if (packets || spec.action == FaultAction::kFailDial) {
      packets_.push_back(rule.get());
    }
    if (!packets) calls_.push_back(rule.get());
    if (spec.action == FaultAction::kHold ||
        spec.action == FaultAction::kPartition) {
      flights_.push_back(rule.get());
    }
  }
  for (const FaultOutage& outage : table_->outages) {
    if (Is(ends_.from, outage) || Is(ends_.to, outage)) {
      outages_.push_back(&outage);
    }
  }
}

// A SYN and the first bytes have the same offset.
uint64_t FaultLink::PlaceOf(const FaultPacket& packet) const {
  const uint64_t what = static_cast<uint64_t>(packet.attempt) * 8 +
                        static_cast<uint64_t>(packet.segment);
  return FaultMix(key_ ^ FaultMix(packet.position), what);
}

bool FaultLink::Cut(absl::Duration elapsed, FaultVerdict* verdict) {
  for (const FaultOutage* outage : outages_) {
    if (outage->span.from <= elapsed && elapsed < outage->span.until) {
      *verdict = End(FaultVerdict::Action::kDrop, outage->crash);
      return true;
    }
  }
  for (const FaultOutage* outage : outages_) {
    if (stream_ && outage->span.until <= elapsed &&
        opened_ < outage->span.until) {
      *verdict = End(FaultVerdict::Action::kReset, outage->restart);
      return true;
    }
  }
  for (FaultState* rule : silencers_) {
    if (!rule->IsSilent(ends_.flow, elapsed)) continue;
    rule->CountMatch();
    rule->CountHit();
    *verdict = End(FaultVerdict::Action::kDrop, rule->spec().id);
    return true;
  }
  return false;
}

void FaultLink::Modify(FaultState& rule, const FaultPacket& packet,
                       uint64_t place, absl::Time now,
                       FaultVerdict* verdict) const {
  const FaultSpec& spec = rule.spec();
  // Not the draw that decided whether it fires, which is a small one.
  const auto draw = [&rule, place](uint64_t number) {
    return rule.Draw(FaultMix(place, number + 1));
  };
  switch (spec.action) {
    case FaultAction::kDelay:
      verdict->delay += DelayOf(spec, draw(0));
      break;
    case FaultAction::kReorder:
      verdict->delay += spec.delay;
      break;
    case FaultAction::kRate:
      verdict->delay += rule.Queue(pipe_, now, packet.size);
      break;
    case FaultAction::kDuplicate:
      for (int64_t i = 1; i <= spec.amount; ++i) {
        verdict->copies.push_back(spec.delay * i);
      }
      break;
    case FaultAction::kCorrupt:
      for (int64_t i = 0; i < spec.amount; ++i) {
        const uint64_t value = draw(static_cast<uint64_t>(i));
        verdict->changes.push_back(
            {static_cast<size_t>((value >> 8) % packet.size),
             static_cast<uint8_t>(value % 255 + 1)});
      }
      break;
    default:
      break;
  }
  rule.CountHit();
}

bool FaultLink::FailsDial(FaultState& rule, const FaultPacket& packet,
                          uint64_t place) {
  if (packet.segment != FaultSegment::kOpen) return false;
  if (packet.attempt > 0) return failed_dial_by_ == rule.spec().id;
  rule.CountMatch();
  if (!rule.Counts(dial_) || !rule.Fires(place)) return false;
  failed_dial_by_ = rule.spec().id;
  return true;
}

bool FaultLink::FiresAtSend(FaultState& rule, const FaultPacket& packet,
                            uint64_t place) {
  const FaultSpec& spec = rule.spec();
  if (!FitsSegment(spec, packet, stream_)) return false;
  if (spec.action == FaultAction::kFailDial) {
    return FailsDial(rule, packet, place);
  }
  if (spec.action == FaultAction::kCorrupt && packet.size == 0) return false;
  if (IsCounted(spec) && packet.attempt > 0) return false;
  rule.CountMatch();
  return rule.Counts(key_) && rule.Fires(place);
}

FaultVerdict FaultLink::AtSend(const FaultPacket& packet, absl::Time now) {
  Refresh();
  const absl::Duration elapsed = now - faults_->start();
  if (packet.segment == FaultSegment::kOpen ||
      packet.segment == FaultSegment::kAnswer) {
    opened_ = elapsed;
  }
  FaultVerdict verdict;
  if (Cut(elapsed, &verdict)) return verdict;
  const uint64_t place = PlaceOf(packet);
  FaultState* end = nullptr;
  absl::InlinedVector<FaultState*, 8> changes;
  // All are asked, also behind one that decides: what they count is theirs.
  for (FaultState* rule : packets_) {
    if (!rule->ActiveAt(elapsed) || !FiresAtSend(*rule, packet, place)) {
      continue;
    }
    if (!IsTerminal(rule->spec().action)) {
      changes.push_back(rule);
    } else if (end == nullptr) {
      end = rule;
    }
  }
  if (end != nullptr) {
    end->CountHit();
    if (end->spec().action == FaultAction::kHalfOpen) {
      end->Silence(ends_.flow, elapsed);
    }
    return End(ActionAtSend(end->spec()), end->spec().id);
  }
  for (FaultState* rule : changes) Modify(*rule, packet, place, now, &verdict);
  for (absl::Duration& copy : verdict.copies) copy += verdict.delay;
  return verdict;
}

std::optional<FaultVerdict> FaultLink::InFlight(const FaultPacket& packet,
                                                absl::string_view held_by,
                                                absl::Time now) {
  Refresh();
  const absl::Duration elapsed = now - faults_->start();
  FaultVerdict verdict;
  if (Cut(elapsed, &verdict)) return verdict;
  for (FaultState* rule : flights_) {
    const FaultSpec& spec = rule->spec();
    if (!rule->ActiveAt(elapsed)) continue;
    const bool hold = spec.action == FaultAction::kHold;
    if (!hold || held_by != spec.id) {
      if (IsCounted(spec) || !FitsSegment(spec, packet, stream_)) continue;
      rule->CountMatch();
      if (!rule->Fires(PlaceOf(packet))) continue;
      rule->CountHit();
    }
    return End(ActionAtSend(spec), spec.id);
  }
  return std::nullopt;
}

FaultVerdict FaultLink::AtLanding(const FaultPacket& packet, absl::Time now) {
  Refresh();
  const absl::Duration elapsed = now - faults_->start();
  FaultVerdict verdict;
  if (Cut(elapsed, &verdict)) return verdict;
  for (FaultState* rule : flights_) {
    const FaultSpec& spec = rule->spec();
    if (spec.action != FaultAction::kPartition || IsCounted(spec)) continue;
    if (!rule->ActiveAt(elapsed) || !FitsSegment(spec, packet, stream_)) {
      continue;
    }
    rule->CountMatch();
    if (!rule->Fires(PlaceOf(packet))) continue;
    rule->CountHit();
    return End(FaultVerdict::Action::kDrop, spec.id);
  }
  return verdict;
}

FaultCallVerdict FaultLink::AtCall(const FaultCall& call, absl::Time now) {
  Refresh();
  const absl::Duration elapsed = now - faults_->start();
  const bool dial = call.operation == FaultOperation::kDial;
  const uint64_t calls =
      FaultMix(dial ? dial_ : key_, static_cast<uint64_t>(call.operation));
  const uint64_t place = FaultMix(calls, call.ordinal);
  FaultCallVerdict verdict;
  for (FaultState* rule : calls_) {
    const FaultSpec& spec = rule->spec();
    if (!spec.Has(call.operation) || !rule->ActiveAt(elapsed)) continue;
    if (call.position < spec.after_bytes) continue;
    rule->CountMatch();
    if (!rule->Counts(calls) || !rule->Fires(place)) continue;
    if (IsTerminal(spec.action)) {
      if (!verdict.rule.empty()) continue;
      verdict.rule = spec.id;
    }
    rule->CountHit();
    AddTo(verdict, *rule, place);
  }
  return verdict;
}

}  // namespace plumb
