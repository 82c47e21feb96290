#include "testing/fault/fault_link.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
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

FaultEnds WithFlow(FaultEnds ends) {
  if (ends.flow == nullptr) ends.flow = std::make_shared<FaultFlow>();
  return ends;
}

FaultVerdict End(FaultVerdict::Action action, absl::string_view rule) {
  FaultVerdict verdict;
  verdict.action = action;
  verdict.rule = rule;
  return verdict;
}

FaultVerdict EndByEvent(FaultVerdict::Action action, absl::string_view event) {
  FaultVerdict verdict = End(action, event);
  verdict.by_event = true;
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

// A draw of its own, and not the one that decided whether it fires, which is a
// small one.
uint64_t Redraw(const FaultLinkRule& rule, uint64_t place, uint64_t number) {
  return rule.Draw(FaultMix(place, number + 1));
}

int64_t ShortDelayOf(const FaultLinkRule& rule, uint64_t place) {
  if (rule.jitter_ns == 0) return rule.delay_ns;
  const uint64_t draw = Redraw(rule, place, 0) >> 11;
  return rule.delay_ns +
         static_cast<int64_t>(static_cast<__int128>(rule.jitter_ns) * draw >>
                              53);
}

absl::Duration DelayOf(const FaultLinkRule& rule, uint64_t place) {
  if (rule.delays) return absl::Nanoseconds(ShortDelayOf(rule, place));
  const FaultSpec& spec = rule.spec();
  return spec.jitter > absl::ZeroDuration()
             ? spec.delay + spec.jitter * FaultFraction(Redraw(rule, place, 0))
             : spec.delay;
}

// In places that differ, or one change might take another back.
void Corrupt(const FaultLinkRule& rule, const FaultPacket& packet,
             uint64_t place, FaultVerdict* verdict) {
  const auto bytes = static_cast<uint64_t>(rule.spec().amount);
  const uint64_t count = std::min<uint64_t>(bytes, packet.size);
  std::vector<bool> taken(count > 1 ? packet.size : 0);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t value = Redraw(rule, place, i);
    size_t at = static_cast<size_t>((value >> 8) % packet.size);
    if (count > 1) {
      while (taken[at]) at = (at + 1) % packet.size;
      taken[at] = true;
    }
    verdict->changes.push_back({at, static_cast<uint8_t>(value % 255 + 1)});
  }
}

void AddTo(FaultCallVerdict& verdict, const FaultLinkRule& rule,
           uint64_t place) {
  const FaultSpec& spec = rule.spec();
  switch (spec.action) {
    case FaultAction::kDelay:
      verdict.delay += DelayOf(rule, place);
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
    case FaultAction::kStopReading:
      verdict.stopped_by.push_back(spec.id);
      break;
    default:
      break;
  }
}

}  // namespace

FaultLink::FaultLink(std::shared_ptr<const Faults> faults, FaultEnds ends)
    : faults_(std::move(faults)),
      ends_(WithFlow(std::move(ends))),
      stream_(IsStream(ends_.network)),
      key_(HashEnds(ends_)),
      pipe_(FaultMix(HashHost(ends_.from), HashHost(ends_.to))),
      dial_(FaultMix(HashHost(ends_.from), HashEnd(ends_.to))),
      opened_(faults_->clock().TimeNow() - faults_->start()),
      rules_(faults_, ends_) {}

inline absl::Duration FaultLink::Begin(absl::Time now) {
  const absl::Duration elapsed = now - faults_->start();
  rules_.Update(elapsed);
  return elapsed;
}

// A SYN and the first bytes have the same offset.
inline uint64_t FaultLink::PlaceOf(const FaultPacket& packet) const {
  const uint64_t what = static_cast<uint64_t>(packet.attempt) * 8 +
                        static_cast<uint64_t>(packet.segment);
  return FaultMix(key_ ^ FaultMix(packet.position), what);
}

inline bool FaultLink::Cut(absl::Duration elapsed, FaultVerdict* verdict) {
  using Action = FaultVerdict::Action;
  if (const FaultOutage* const outage = rules_.outage()) {
    *verdict = EndByEvent(Action::kDrop, outage->begin);
    return true;
  }
  const FaultOutage* const past = rules_.past_outage();
  if (past != nullptr && stream_ && opened_ < past->span.until) {
    *verdict = EndByEvent(Action::kReset, past->end);
    return true;
  }
  if (FaultState* const silencer = ends_.flow->SilencedBy(elapsed)) {
    silencer->AddCounts(1, 1);
    *verdict = End(Action::kDrop, silencer->spec().id);
    return true;
  }
  const FaultOutage* const pause = rules_.pause();
  if (pause == nullptr) return false;
  *verdict = EndByEvent(Action::kHold, pause->begin);
  return true;
}

void FaultLink::Modify(FaultLinkRule& rule, const FaultPacket& packet,
                       uint64_t place, absl::Time now,
                       FaultVerdict* verdict) const {
  const FaultSpec& spec = rule.spec();
  switch (rule.action) {
    case FaultAction::kDelay:
    case FaultAction::kReorder:
      verdict->delay += DelayOf(rule, place);
      break;
    case FaultAction::kRate:
      verdict->delay += rule.state->Queue(pipe_, now, packet.size);
      break;
    case FaultAction::kDuplicate:
      for (int64_t i = 1; i <= spec.amount; ++i) {
        verdict->copies.push_back(spec.delay * i);
      }
      break;
    case FaultAction::kCorrupt:
      Corrupt(rule, packet, place, verdict);
      break;
    default:
      break;
  }
}

bool FaultLink::FitsSegment(const FaultLinkRule& rule,
                            const FaultPacket& packet) const {
  const FaultSpec& spec = rule.spec();
  if (spec.segment != FaultSegment::kAny && spec.segment != packet.segment) {
    return false;
  }
  if (!stream_) return true;
  // What has no bytes is behind all that were sent before.
  const uint64_t end = packet.position + std::max<size_t>(packet.size, 1);
  return spec.after_bytes == 0 || end > spec.after_bytes;
}

bool FaultLink::FailsDial(FaultLinkRule& rule, const FaultPacket& packet,
                          uint64_t place) {
  if (packet.segment != FaultSegment::kOpen) return false;
  if (packet.attempt > 0) return failed_dial_by_ == rule.spec().id;
  rule.tally->matches.Add();
  if (!rule.state->CountsDial(dial_) || !rule.Fires(place)) return false;
  failed_dial_by_ = rule.spec().id;
  return true;
}

bool FaultLink::PickyFires(FaultLinkRule& rule, const FaultPacket& packet,
                           uint64_t place) {
  if (!FitsSegment(rule, packet)) return false;
  if (rule.action == FaultAction::kFailDial) {
    return FailsDial(rule, packet, place);
  }
  if (rule.action == FaultAction::kCorrupt && packet.size == 0) return false;
  if (rule.is_counted && packet.attempt > 0) return false;
  rule.tally->matches.Add();
  if (rule.is_counted && !rule.Counts()) return false;
  return rule.burst == nullptr ? rule.Fires(place)
                               : FallsInBurst(rule, packet, place);
}

// Of a stream a step is a full segment, for what is lost not to depend on the
// sizes of its Writes. A retransmission comes at another time, and so is on
// another chain.
bool FaultLink::FallsInBurst(FaultLinkRule& rule, const FaultPacket& packet,
                             uint64_t place) const {
  constexpr uint64_t kSegment = 1448;
  const uint64_t chain = FaultMix(key_, static_cast<uint64_t>(packet.attempt));
  const uint64_t step = stream_ ? packet.position / kSegment : packet.position;
  return rule.burst->Loses(chain, step, place);
}

FaultVerdict FaultLink::EndBy(FaultLinkRule& rule, absl::Duration elapsed) {
  rule.tally->hits.Add();
  if (rule.action == FaultAction::kHalfOpen) {
    ends_.flow->Silence(rules_.Share(rule), elapsed);
  }
  return End(ActionAtSend(rule.spec()), rule.spec().id);
}

FaultVerdict FaultLink::AtSend(const FaultPacket& packet, absl::Time now) {
  const absl::Duration elapsed = Begin(now);
  if (packet.segment == FaultSegment::kOpen ||
      packet.segment == FaultSegment::kAnswer) {
    opened_ = elapsed;
  }
  FaultVerdict verdict;
  const bool cut = Cut(elapsed, &verdict);
  const uint64_t place = PlaceOf(packet);
  FaultLinkRule* end = nullptr;
  changes_.clear();
  // All are asked, also behind one that decides: what they count is theirs.
  for (const FaultSendRule& one : rules_.at_send()) {
    FaultLinkRule& rule = *one.rule;
    if (cut && !verdict.by_event && rule.spec().id == verdict.rule) {
      continue;  // has counted it
    }
    if (one.picky ? !PickyFires(rule, packet, place) : !one.Fires(place)) {
      continue;
    }
    if (!rule.terminal) {
      changes_.push_back(&rule);
    } else if (end == nullptr) {
      end = &rule;
    }
  }
  if (cut) return verdict;
  if (end != nullptr) return EndBy(*end, elapsed);
  int64_t delay_ns = 0;
  for (FaultLinkRule* rule : changes_) {
    rule->tally->hits.Add();
    if (rule->delays) {
      delay_ns += ShortDelayOf(*rule, place);
    } else {
      Modify(*rule, packet, place, now, &verdict);
    }
  }
  verdict.delay += absl::Nanoseconds(delay_ns);
  for (absl::Duration& copy : verdict.copies) copy += verdict.delay;
  verdict.changed_by = changes_;
  return verdict;
}

void FaultLink::AtRefusal(const FaultPacket& packet, absl::Time now) {
  Begin(now);
  const uint64_t place = PlaceOf(packet);
  for (FaultLinkRule* rule : rules_.counted()) {
    PickyFires(*rule, packet, place);
  }
}

std::optional<FaultVerdict> FaultLink::InFlight(const FaultPacket& packet,
                                                absl::string_view held_by,
                                                absl::Time now) {
  FaultVerdict verdict;
  if (Cut(Begin(now), &verdict)) return verdict;
  for (FaultLinkRule* rule : rules_.in_flight()) {
    const FaultSpec& spec = rule->spec();
    if (held_by != spec.id) {
      if (rule->is_counted || !FitsSegment(*rule, packet)) continue;
      rule->tally->matches.Add();
      if (!rule->Fires(PlaceOf(packet))) continue;
      rule->tally->hits.Add();
    }
    return End(ActionAtSend(spec), spec.id);
  }
  return std::nullopt;
}

bool FaultLink::LandsAll(absl::Time now) {
  Begin(now);
  return rules_.lands_all() && !ends_.flow->silenced();
}

FaultVerdict FaultLink::AtLanding(const FaultPacket& packet, absl::Time now) {
  FaultVerdict verdict;
  if (Cut(Begin(now), &verdict)) return verdict;
  for (FaultLinkRule* rule : rules_.at_landing()) {
    if (!FitsSegment(*rule, packet)) continue;
    rule->tally->matches.Add();
    if (!rule->Fires(PlaceOf(packet))) continue;
    rule->tally->hits.Add();
    return End(FaultVerdict::Action::kDrop, rule->spec().id);
  }
  return verdict;
}

FaultCallVerdict FaultLink::AtCall(const FaultCall& call, absl::Time now) {
  Begin(now);
  const bool dial = call.operation == FaultOperation::kDial;
  const uint64_t calls =
      FaultMix(dial ? dial_ : key_, static_cast<uint64_t>(call.operation));
  const uint64_t place = FaultMix(calls, call.ordinal);
  FaultCallVerdict verdict;
  for (FaultLinkRule* rule : rules_.at_call()) {
    const FaultSpec& spec = rule->spec();
    if (!spec.Has(call.operation) || call.position < spec.after_bytes) continue;
    rule->tally->matches.Add();
    const bool meant = dial ? rule->state->CountsDial(calls) : rule->Counts();
    if (!meant || !rule->Fires(place)) continue;
    if (rule->terminal) {
      if (!verdict.rule.empty()) continue;
      verdict.rule = spec.id;
    }
    rule->tally->hits.Add();
    AddTo(verdict, *rule, place);
  }
  return verdict;
}

bool FaultLink::IsOnAtCall(absl::string_view rule, absl::Time now) {
  Begin(now);
  return absl::c_any_of(rules_.at_call(), [rule](const FaultLinkRule* one) {
    return one->spec().id == rule;
  });
}

}  // namespace plumb
