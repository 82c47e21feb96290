#include "testing/fault/fault_contradiction.h"

#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "testing/fault/compile_rule.h"

namespace plumb {
namespace {

// What a rule is about in one direction.
struct Aim {
  const EndpointPattern* source;
  const EndpointPattern* sink;
  uint16_t source_port;
  uint16_t sink_port;
};

// A rule as its match compares with others'.
struct Scope {
  std::vector<Aim> aims;
  uint8_t operations;
  FaultSegment segment;
  uint64_t after_bytes;
};

Scope ScopeOf(const FaultSpec& rule, bool on_fake) {
  Scope scope = {{}, rule.operations, rule.segment, rule.after_bytes};
  if (rule.forth) scope.aims.push_back({&rule.from, &rule.to, 0, rule.port});
  if (rule.back) scope.aims.push_back({&rule.to, &rule.from, rule.port, 0});
  // There a SYN is what dials.
  if (on_fake && rule.action == FaultAction::kFailDial) {
    scope.operations = FaultSpec::Bit(FaultOperation::kPacket);
    scope.segment = FaultSegment::kOpen;
  }
  if (rule.network.IsDatagrams() && scope.segment == FaultSegment::kAny) {
    scope.segment = FaultSegment::kData;
  }
  return scope;
}

bool PortCovers(uint16_t a, uint16_t b) { return a == 0 || a == b; }
bool PortsMeet(uint16_t a, uint16_t b) { return a == 0 || b == 0 || a == b; }

bool AimCovers(const Aim& a, const Aim& b) {
  return a.source->Covers(*b.source) && a.sink->Covers(*b.sink) &&
         PortCovers(a.source_port, b.source_port) &&
         PortCovers(a.sink_port, b.sink_port);
}

// Of two that meet.
const EndpointPattern& Narrower(const EndpointPattern& a,
                                const EndpointPattern& b) {
  return a.Covers(b) ? b : a;
}

// What a host sends to itself neither was meant for.
bool AimsMeet(const Aim& a, const Aim& b) {
  if (!a.source->Meets(*b.source) || !a.sink->Meets(*b.sink)) return false;
  const std::string& source = Narrower(*a.source, *b.source).host();
  if (!source.empty() && source == Narrower(*a.sink, *b.sink).host()) {
    return false;
  }
  return PortsMeet(a.source_port, b.source_port) &&
         PortsMeet(a.sink_port, b.sink_port);
}

// A rule among those of its plan.
struct Placed {
  Placed(const FaultSpec& r, size_t i, bool on_fake)
      : rule(r), index(i), scope(ScopeOf(r, on_fake)) {}

  const FaultSpec& rule;
  const size_t index;
  const Scope scope;
};

// All that `b` fits `a` fits.
bool MatchCovers(const Placed& a, const Placed& b) {
  return a.rule.network.Covers(b.rule.network) &&
         (b.scope.operations & ~a.scope.operations) == 0 &&
         (a.scope.segment == FaultSegment::kAny ||
          a.scope.segment == b.scope.segment) &&
         a.scope.after_bytes <= b.scope.after_bytes &&
         absl::c_all_of(b.scope.aims, [&a](const Aim& aim) {
           return absl::c_any_of(a.scope.aims, [&aim](const Aim& wider) {
             return AimCovers(wider, aim);
           });
         });
}

// Something fits both.
bool MatchesMeet(const Placed& a, const Placed& b) {
  return a.rule.network.Meets(b.rule.network) &&
         (a.scope.operations & b.scope.operations) != 0 &&
         (a.scope.segment == FaultSegment::kAny ||
          b.scope.segment == FaultSegment::kAny ||
          a.scope.segment == b.scope.segment) &&
         absl::c_any_of(a.scope.aims, [&b](const Aim& aim) {
           return absl::c_any_of(b.scope.aims, [&aim](const Aim& other) {
             return AimsMeet(aim, other);
           });
         });
}

// A rule that is never on is turned on by hand, any time.
bool TimeCovers(const FaultSpec& a, const FaultSpec& b) {
  if (a.spans.size() == 1 && a.spans[0].always()) return true;
  return !b.spans.empty() &&
         absl::c_all_of(b.spans, [&a](const FaultSpec::Span& span) {
           return absl::c_any_of(a.spans, [&span](const FaultSpec::Span& one) {
             return one.from <= span.from && span.until <= one.until;
           });
         });
}

bool TimesMeet(const FaultSpec& a, const FaultSpec& b) {
  return absl::c_any_of(a.spans, [&b](const FaultSpec::Span& span) {
    return absl::c_any_of(b.spans, [&span](const FaultSpec::Span& other) {
      return span.from < other.until && other.from < span.until;
    });
  });
}

// Fires on all that fits it.
bool IsCertain(const FaultSpec& rule) {
  return rule.probability >= 1 && rule.nth == 0 && rule.every == 0 &&
         !rule.burst.has_value();
}

// Of what fits both, which is the same, `a` fires on all that `b` may fire on:
// each counts for itself, and so they count alike.
bool ChoosesWith(const Placed& a, const Placed& b) {
  const FaultSpec& one = a.rule;
  const FaultSpec& other = b.rule;
  const bool alike = one.probability >= 1 && !one.burst.has_value() &&
                     MatchCovers(b, a) && TimeCovers(other, one) &&
                     (one.action == FaultAction::kFailDial) ==
                         (other.action == FaultAction::kFailDial);
  if (!alike) return false;
  if (one.nth != 0) return other.nth == one.nth;
  if (one.every == 0) return false;
  return other.nth != 0 ? other.nth % one.every == 0
                        : other.every != 0 && other.every % one.every == 0;
}

bool NeverReached(const Placed& later, const Placed& earlier) {
  return IsTerminal(earlier.rule.action) && IsTerminal(later.rule.action) &&
         MatchCovers(earlier, later) && TimeCovers(earlier.rule, later.rule) &&
         (IsCertain(earlier.rule) || ChoosesWith(earlier, later));
}

// A call that fails may have been delayed before.
bool IsIdle(const Placed& change, const Placed& end) {
  const bool packets = change.rule.Has(FaultOperation::kPacket);
  return IsTerminal(end.rule.action) && IsCertain(end.rule) &&
         !IsTerminal(change.rule.action) &&
         (packets || change.rule.action != FaultAction::kDelay) &&
         MatchCovers(end, change) && TimeCovers(end.rule, change.rule);
}

bool EndAlike(const FaultSpec& a, const FaultSpec& b) {
  return a.action == b.action && a.dial == b.dial && a.error == b.error;
}

bool AreAtOdds(const Placed& a, const Placed& b) {
  return IsTerminal(a.rule.action) && IsTerminal(b.rule.action) &&
         IsCertain(a.rule) && IsCertain(b.rule) && !EndAlike(a.rule, b.rule) &&
         MatchesMeet(a, b) && TimesMeet(a.rule, b.rule) && !MatchCovers(a, b) &&
         !MatchCovers(b, a);
}

std::string Name(const Placed& one) {
  return absl::StrCat(FaultRulePath(one.index, one.rule.id), " (",
                      FaultActionName(one.rule.action), ")");
}

absl::Status Refuse(const Placed& one, absl::string_view why) {
  return BadField(absl::StrCat(FaultRulePath(one.index, one.rule.id), ": ",
                               FaultActionName(one.rule.action)),
                  why);
}

// `later` stands behind `earlier`.
absl::Status CheckPair(const Placed& earlier, const Placed& later) {
  if (NeverReached(later, earlier)) {
    return Refuse(later, absl::StrCat("never reached: ", Name(earlier),
                                      " always decides before"));
  }
  if (AreAtOdds(earlier, later)) {
    return Refuse(later,
                  absl::StrCat("at odds with ", Name(earlier),
                               ": something is about both, and each is about "
                               "something that the other is not about"));
  }
  for (const auto& [change, end] :
       {std::pair(&earlier, &later), std::pair(&later, &earlier)}) {
    if (!IsIdle(*change, *end)) continue;
    return Refuse(*change, absl::StrCat("changes nothing: ", Name(*end),
                                        " ends all that it is about"));
  }
  return absl::OkStatus();
}

absl::Status Senseless(absl::string_view field, absl::string_view why) {
  return BadField(absl::StrCat("match.", field),
                  absl::StrCat("nothing fits: ", why));
}

absl::Status CheckSegment(const FaultSpec& rule) {
  const FaultSegment segment = rule.segment;
  if (segment == FaultSegment::kAny) return absl::OkStatus();
  const std::string name = FaultSegmentName(segment);
  if (rule.action == FaultAction::kFailDial) {
    return segment == FaultSegment::kOpen
               ? absl::OkStatus()
               : Senseless("segment", "a dial is OPEN, and not " + name);
  }
  if (!rule.Has(FaultOperation::kPacket)) {
    return Senseless("segment", "a call is no " + name);
  }
  if (segment == FaultSegment::kData) return absl::OkStatus();
  if (rule.network.IsDatagrams()) {
    return Senseless("segment", "a datagram is DATA, and not " + name);
  }
  if (rule.action == FaultAction::kCorrupt) {
    return Senseless("segment", name + " has no bytes to corrupt");
  }
  return absl::OkStatus();
}

absl::Status CheckEnd(const FaultSpec& rule, absl::string_view field,
                      const EndpointPattern& end) {
  if (end.is_unix_name() && rule.network.IsIp()) {
    return Senseless(field, "a path has no part in tcp and udp");
  }
  if (end.is_unix_name() && rule.port != 0) {
    return Senseless(field, "a path has no port");
  }
  if (end.is_range() && rule.network.IsUnix()) {
    return Senseless(field, "an address has no part in unix sockets");
  }
  if (end.is_range() && !rule.network.TakesFamily(end.is_v4())) {
    return Senseless(field, "an address of the other family");
  }
  return absl::OkStatus();
}

}  // namespace

std::string FaultRulePath(size_t index, absl::string_view id) {
  return absl::StrCat("rule[", index, "] '", id, "'");
}

absl::Status CheckSense(const FaultSpec& rule) {
  absl::Status status = CheckSegment(rule);
  if (status.ok()) status = CheckEnd(rule, "from", rule.from);
  if (status.ok()) status = CheckEnd(rule, "to", rule.to);
  if (!status.ok()) return status;
  if (rule.from.Excludes(rule.to)) {
    return Senseless("to", "`from` is of another family");
  }
  if (rule.network.IsUnix() && rule.port != 0) {
    return Senseless("port", "unix sockets have none");
  }
  if (rule.network.IsMessages() && rule.after_bytes != 0) {
    return Senseless("after_bytes", "streams alone have an offset");
  }
  return absl::OkStatus();
}

absl::Status CheckContradictions(absl::Span<const FaultSpec> rules,
                                 bool on_fake) {
  std::vector<Placed> placed;
  placed.reserve(rules.size());
  for (size_t i = 0; i < rules.size(); ++i) {
    placed.emplace_back(rules[i], i, on_fake);
  }
  for (size_t later = 0; later < placed.size(); ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) {
      absl::Status status = CheckPair(placed[earlier], placed[later]);
      if (!status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace plumb
