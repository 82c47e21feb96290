#include "testing/fault/compile_rule.h"

#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "testing/fault/errno_name.h"

namespace plumb {
namespace {

using Match = FaultRule::Match;

// Of one packet: more are as good as none, and take memory and time.
constexpr int64_t kMaxCopies = 1000;
constexpr int64_t kMaxCorrupt = 65536;

constexpr uint8_t kCalls = FaultSpec::Bit(FaultOperation::kDial) |
                           FaultSpec::Bit(FaultOperation::kAccept) |
                           FaultSpec::Bit(FaultOperation::kRead) |
                           FaultSpec::Bit(FaultOperation::kWrite);

absl::Status SetDuration(absl::string_view field, absl::string_view text,
                         absl::Duration missing, absl::Duration* to) {
  const absl::StatusOr<absl::Duration> read =
      ReadDuration(field, text, missing);
  if (!read.ok()) return read.status();
  *to = *read;
  return absl::OkStatus();
}

absl::Status SetFinite(absl::string_view field, absl::string_view text,
                       absl::Duration* to) {
  const absl::Status status =
      SetDuration(field, text, absl::ZeroDuration(), to);
  if (status.ok() && *to == absl::InfiniteDuration()) {
    return BadField(field, "infinite; hold keeps for ever");
  }
  return status;
}

absl::Status SetPositive(absl::string_view field, int64_t value, int64_t* to) {
  if (value <= 0) {
    return BadField(field, absl::StrCat("must be above 0: ", value));
  }
  *to = value;
  return absl::OkStatus();
}

absl::Status SetChanceField(absl::string_view field, double value, double* to) {
  if (std::isnan(value)) return BadField(field, "not a number");
  if (value < 0) return BadField(field, absl::StrCat("negative: ", value));
  if (value > 1) return BadField(field, absl::StrCat("above 1: ", value));
  *to = value;
  return absl::OkStatus();
}

absl::Status SetBurst(const FaultRule& rule, FaultSpec& spec) {
  const std::string path = "loss.gilbert_elliott";
  const FaultRule::Loss::GilbertElliott& from = rule.loss().gilbert_elliott();
  FaultSpec::Burst burst;
  absl::Status status = SetChanceField(path + ".p", from.p(), &burst.p);
  if (status.ok()) status = SetChanceField(path + ".r", from.r(), &burst.r);
  if (status.ok() && from.has_bad_loss()) {
    status =
        SetChanceField(path + ".bad_loss", from.bad_loss(), &burst.bad_loss);
  }
  if (status.ok()) {
    status =
        SetChanceField(path + ".good_loss", from.good_loss(), &burst.good_loss);
  }
  if (!status.ok()) return status;
  if (burst.p == 0) return BadField(path + ".p", "must be above 0");
  if (burst.r == 0) return BadField(path + ".r", "must be above 0");
  if (burst.p + burst.r > 1) {
    return BadField(path, absl::StrCat("p and r are above 1 together: ",
                                       burst.p + burst.r));
  }
  if (rule.has_probability()) {
    return BadField("probability", "given together with " + path);
  }
  spec.burst = burst;
  return absl::OkStatus();
}

absl::Status SetAction(const FaultRule& rule, FaultSpec& spec) {
  switch (rule.action_case()) {
    case FaultRule::kDelay: {
      spec.action = FaultAction::kDelay;
      const absl::Status status =
          SetFinite("delay.min", rule.delay().min(), &spec.delay);
      if (!status.ok()) return status;
      return SetFinite("delay.jitter", rule.delay().jitter(), &spec.jitter);
    }
    case FaultRule::kRate:
      spec.action = FaultAction::kRate;
      return SetPositive("rate.bytes_per_second",
                         rule.rate().bytes_per_second(), &spec.amount);
    case FaultRule::kLoss:
      spec.action = FaultAction::kLoss;
      return rule.loss().has_gilbert_elliott() ? SetBurst(rule, spec)
                                               : absl::OkStatus();
    case FaultRule::kDuplicate:
      spec.action = FaultAction::kDuplicate;
      spec.amount =
          rule.duplicate().copies() == 0 ? 1 : rule.duplicate().copies();
      if (spec.amount > kMaxCopies) {
        return BadField("duplicate.copies",
                        absl::StrCat("more than ", kMaxCopies));
      }
      return SetFinite("duplicate.interval", rule.duplicate().interval(),
                       &spec.delay);
    case FaultRule::kReorder: {
      spec.action = FaultAction::kReorder;
      const absl::Status status =
          SetFinite("reorder.by", rule.reorder().by(), &spec.delay);
      if (!status.ok() || spec.delay > absl::ZeroDuration()) return status;
      return BadField("reorder.by", "missing");
    }
    case FaultRule::kCorrupt:
      spec.action = FaultAction::kCorrupt;
      spec.amount = rule.corrupt().bytes() == 0 ? 1 : rule.corrupt().bytes();
      if (spec.amount <= kMaxCorrupt) return absl::OkStatus();
      return BadField("corrupt.bytes", absl::StrCat("more than ", kMaxCorrupt));
    case FaultRule::kChunk:
      spec.action = FaultAction::kChunk;
      return SetPositive("chunk.max_bytes", rule.chunk().max_bytes(),
                         &spec.amount);
    case FaultRule::kHold:
      spec.action = FaultAction::kHold;
      return absl::OkStatus();
    case FaultRule::kPartition:
      spec.action = FaultAction::kPartition;
      return absl::OkStatus();
    case FaultRule::kReset:
      spec.action = FaultAction::kReset;
      return absl::OkStatus();
    case FaultRule::kHalfOpen:
      spec.action = FaultAction::kHalfOpen;
      return absl::OkStatus();
    case FaultRule::kFailDial:
      spec.action = FaultAction::kFailDial;
      if (!FaultRule::FailDial::How_IsValid(rule.fail_dial().how())) {
        return BadField("fail_dial.how", "unknown");
      }
      spec.dial = static_cast<DialFault>(rule.fail_dial().how());
      return absl::OkStatus();
    case FaultRule::kFailOp:
      spec.action = FaultAction::kFailOp;
      spec.error = ErrnoByName(rule.fail_op().error());
      if (spec.error != 0) return absl::OkStatus();
      return BadField(
          "fail_op.error",
          absl::StrCat("unknown errno \"", rule.fail_op().error(), "\""));
    case FaultRule::kStopReading:
      spec.action = FaultAction::kStopReading;
      return absl::OkStatus();
    case FaultRule::ACTION_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("no action");
}

absl::Status SetEnds(const Match& match, FaultSpec& spec) {
  absl::StatusOr<EndpointPattern> from = EndpointPattern::Parse(match.from());
  if (!from.ok()) return BadField("match.from", from.status().message());
  absl::StatusOr<EndpointPattern> to = EndpointPattern::Parse(match.to());
  if (!to.ok()) return BadField("match.to", to.status().message());
  const absl::StatusOr<NetworkPattern> network =
      NetworkPattern::Parse(match.network());
  if (!network.ok()) {
    return BadField("match.network", network.status().message());
  }
  spec.from = *std::move(from);
  spec.to = *std::move(to);
  spec.network = *network;
  if (match.port() > 65535) {
    return BadField("match.port",
                    absl::StrCat("more than 65535: ", match.port()));
  }
  spec.port = static_cast<uint16_t>(match.port());
  return absl::OkStatus();
}

absl::Status SetDirection(const Match& match, FaultSpec& spec) {
  if (!Match::Direction_IsValid(match.direction())) {
    return BadField("match.direction", "unknown");
  }
  const bool both = spec.action == FaultAction::kPartition ||
                    spec.action == FaultAction::kHold ||
                    spec.action == FaultAction::kReset ||
                    spec.action == FaultAction::kHalfOpen;
  const Match::Direction direction =
      match.direction() != Match::DEFAULT_DIRECTION ? match.direction()
      : both                                        ? Match::BOTH
                                                    : Match::FORTH;
  spec.forth = direction != Match::BACK;
  spec.back = direction != Match::FORTH;
  return absl::OkStatus();
}

// Which operations an action may be told to be about.
uint8_t OperationsFor(FaultAction action) {
  switch (action) {
    case FaultAction::kDelay:
      return kCalls | FaultSpec::Bit(FaultOperation::kPacket);
    case FaultAction::kChunk:
      return FaultSpec::Bit(FaultOperation::kRead) |
             FaultSpec::Bit(FaultOperation::kWrite);
    case FaultAction::kFailDial:
      return FaultSpec::Bit(FaultOperation::kDial);
    case FaultAction::kFailOp:
      return kCalls;
    case FaultAction::kStopReading:
      return FaultSpec::Bit(FaultOperation::kRead);
    default:
      return FaultSpec::Bit(FaultOperation::kPacket);
  }
}

absl::Status SetOperation(const Match& match, FaultSpec& spec) {
  const uint8_t allowed = OperationsFor(spec.action);
  if (match.operation() == Match::DEFAULT_OPERATION) {
    if (spec.action == FaultAction::kFailOp) {
      return BadField("match.operation", "missing; fail_op needs it");
    }
    spec.operations = spec.action == FaultAction::kDelay
                          ? FaultSpec::Bit(FaultOperation::kPacket)
                          : allowed;
    return absl::OkStatus();
  }
  if (!Match::Operation_IsValid(match.operation())) {
    return BadField("match.operation", "unknown");
  }
  const auto operation = static_cast<FaultOperation>(match.operation() - 1);
  spec.operations = FaultSpec::Bit(operation);
  if ((spec.operations & allowed) != 0) return absl::OkStatus();
  return BadField("match.operation",
                  absl::StrCat(FaultOperationName(operation), " cannot have ",
                               FaultActionName(spec.action)));
}

absl::Status SetCounts(const Match& match, FaultSpec& spec) {
  if (!Match::Segment_IsValid(match.segment())) {
    return BadField("match.segment", "unknown");
  }
  spec.segment = static_cast<FaultSegment>(match.segment());
  if (match.nth() != 0 && match.every() != 0) {
    return BadField("match.every", "given together with match.nth");
  }
  spec.nth = match.nth();
  spec.every = match.every();
  if (match.after_bytes() < 0) {
    return BadField("match.after_bytes",
                    absl::StrCat("negative: ", match.after_bytes()));
  }
  spec.after_bytes = static_cast<uint64_t>(match.after_bytes());
  return absl::OkStatus();
}

absl::Status SetChance(const FaultRule& rule, FaultSpec& spec) {
  if (!rule.has_probability()) return absl::OkStatus();
  return SetChanceField("probability", rule.probability(), &spec.probability);
}

absl::Status SetWindow(const FaultRule& rule, FaultSpec& spec) {
  FaultSpec::Span span;
  absl::Status status = SetDuration("active.from", rule.active().from(),
                                    absl::ZeroDuration(), &span.from);
  if (!status.ok()) return status;
  status = SetDuration("active.until", rule.active().until(),
                       absl::InfiniteDuration(), &span.until);
  if (!status.ok()) return status;
  if (span.until <= span.from) {
    return BadField("active.until", "not after active.from");
  }
  spec.spans = {span};
  return absl::OkStatus();
}

}  // namespace

absl::Status BadField(absl::string_view field, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", why));
}

absl::StatusOr<absl::Duration> ReadDuration(absl::string_view field,
                                            absl::string_view text,
                                            absl::Duration missing) {
  if (text.empty()) return missing;
  absl::Duration duration;
  if (!absl::ParseDuration(text, &duration)) {
    return BadField(field,
                    absl::StrCat("not a duration as \"20ms\": \"", text, "\""));
  }
  if (duration < absl::ZeroDuration()) {
    return BadField(field, absl::StrCat("negative: \"", text, "\""));
  }
  return duration;
}

absl::StatusOr<FaultSpec> CompileRule(const FaultRule& rule) {
  FaultSpec spec;
  spec.id = rule.id();
  spec.optional = rule.optional();
  absl::Status status = SetAction(rule, spec);
  if (status.ok()) status = SetEnds(rule.match(), spec);
  if (status.ok()) status = SetDirection(rule.match(), spec);
  if (status.ok()) status = SetOperation(rule.match(), spec);
  if (status.ok()) status = SetCounts(rule.match(), spec);
  if (status.ok()) status = SetChance(rule, spec);
  if (status.ok()) status = SetWindow(rule, spec);
  if (!status.ok()) return status;
  return spec;
}

}  // namespace plumb
