#include "testing/fault/compile_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "testing/fault/compile_rule.h"
#include "testing/fault/fault_contradiction.h"

namespace plumb {
namespace {

absl::Status Within(absl::string_view path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

absl::Status CheckHost(absl::string_view field, const std::string& host,
                       const FaultSetting& setting) {
  if (host.empty() || TakesAnyHost(setting)) return absl::OkStatus();
  for (const std::string& known : setting.hosts) {
    if (absl::EqualsIgnoreCase(known, host)) return absl::OkStatus();
  }
  const std::string others =
      setting.hosts.empty()
          ? "FaultSetting::hosts says which there are, and has none"
          : absl::StrCat("known: ", absl::StrJoin(setting.hosts, ", "));
  return BadField(field,
                  absl::StrCat("unknown host \"", host, "\" (", others, ")"));
}

absl::StatusOr<FaultSpec> CompileChecked(const FaultRule& rule,
                                         const FaultSetting& setting) {
  if (rule.id().empty()) return BadField("id", "empty");
  absl::StatusOr<FaultSpec> spec = CompileRule(rule);
  if (!spec.ok()) return spec;
  absl::Status status = CheckHost("match.from", spec->from.host(), setting);
  if (status.ok()) status = CheckHost("match.to", spec->to.host(), setting);
  if (status.ok()) status = CheckSense(*spec);
  if (status.ok()) status = CheckSupport(*spec, setting.targets);
  if (!status.ok()) return status;
  return spec;
}

struct Step {
  absl::Duration at;
  int index;  // in the timeline
  const FaultStep* step;
};

// Collects what steps turn on and off, as spans.
class Switch {
 public:
  explicit Switch(bool on) : on_(on) {}

  void Set(bool on, absl::Duration at) {
    if (on == on_) return;
    if (on_) Close(at);
    on_ = on;
    since_ = at;
  }
  std::vector<FaultSpec::Span> Finish() {
    if (on_) Close(absl::InfiniteDuration());
    return std::move(spans_);
  }

 private:
  void Close(absl::Duration at) {
    if (since_ < at) spans_.push_back({since_, at});
  }

  bool on_;
  absl::Duration since_ = absl::ZeroDuration();
  std::vector<FaultSpec::Span> spans_;
};

std::vector<FaultSpec::Span> SpansOf(const FaultRule& rule,
                                     const FaultSpec& spec,
                                     const std::vector<Step>& steps) {
  Switch on(!rule.off());
  for (const Step& one : steps) {
    const FaultStep& step = *one.step;
    if (step.has_enable() && step.enable() == spec.id) on.Set(true, one.at);
    if (step.has_disable() && step.disable() == spec.id) on.Set(false, one.at);
    if (step.has_heal() && EndsWithHeal(spec.action)) on.Set(false, one.at);
  }
  const FaultSpec::Span window = spec.spans.front();
  std::vector<FaultSpec::Span> spans;
  for (FaultSpec::Span span : on.Finish()) {
    span.from = std::max(span.from, window.from);
    span.until = std::min(span.until, window.until);
    if (span.from < span.until) spans.push_back(span);
  }
  return spans;
}

// What a step does to a host; nothing to see to for the others.
struct HostStep {
  enum class State : uint8_t { kUp, kDown, kPaused };

  const char* field = nullptr;
  std::string host;  // as it is written
  State becomes = State::kUp;
};
using HostState = HostStep::State;

HostStep HostStepOf(const FaultStep& step) {
  switch (step.action_case()) {
    case FaultStep::kCrash:
      return {"crash", step.crash(), HostState::kDown};
    case FaultStep::kRestart:
      return {"restart", step.restart(), HostState::kUp};
    case FaultStep::kPause:
      return {"pause", step.pause(), HostState::kPaused};
    case FaultStep::kResume:
      return {"resume", step.resume(), HostState::kUp};
    default:
      return {};
  }
}

absl::Status CheckStep(const FaultStep& step, const std::set<std::string>& ids,
                       const FaultSetting& setting) {
  const auto known = [&ids](absl::string_view field, const std::string& id) {
    return ids.count(id) > 0
               ? absl::OkStatus()
               : BadField(field, absl::StrCat("no rule '", id, "'"));
  };
  const HostStep host = HostStepOf(step);
  if (host.field != nullptr) {
    if (host.host.empty()) return BadField(host.field, "empty");
    return CheckHost(host.field, host.host, setting);
  }
  switch (step.action_case()) {
    case FaultStep::kEnable:
      return known("enable", step.enable());
    case FaultStep::kDisable:
      return known("disable", step.disable());
    case FaultStep::kHeal:
      return absl::OkStatus();
    default:
      break;
  }
  return absl::InvalidArgumentError("nothing to do");
}

absl::StatusOr<std::vector<Step>> ReadSteps(const FaultPlan& plan,
                                            const std::set<std::string>& ids,
                                            const FaultSetting& setting) {
  std::vector<Step> steps;
  for (int i = 0; i < plan.timeline_size(); ++i) {
    const FaultStep& step = plan.timeline(i);
    const std::string path = absl::StrCat("timeline[", i, "]");
    const absl::Status status = CheckStep(step, ids, setting);
    if (!status.ok()) return Within(path, status);
    const absl::StatusOr<absl::Duration> at =
        ReadDuration("at", step.at(), absl::ZeroDuration());
    if (!at.ok()) return Within(path, at.status());
    steps.push_back({*at, i, &step});
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.at < b.at; });
  return steps;
}

// Why the step cannot be, of a host in `state`; empty when it can.
const char* WhyNot(const FaultStep& step, HostState state) {
  switch (step.action_case()) {
    case FaultStep::kCrash:
      return state == HostState::kDown ? "is down already" : "";
    case FaultStep::kRestart:
      return state == HostState::kDown ? "" : "is not down";
    case FaultStep::kPause:
      if (state == HostState::kDown) return "is down";
      return state == HostState::kPaused ? "is paused already" : "";
    case FaultStep::kResume:
      return state == HostState::kPaused ? "" : "is not paused";
    default:
      return "";
  }
}

absl::Status CheckOutages(const std::vector<Step>& steps) {
  std::map<std::string, HostState> hosts;
  for (const Step& one : steps) {
    const HostStep step = HostStepOf(*one.step);
    if (step.field == nullptr) continue;
    HostState& state =
        hosts.emplace(absl::AsciiStrToLower(step.host), HostState::kUp)
            .first->second;
    const absl::string_view why = WhyNot(*one.step, state);
    if (!why.empty()) {
      return Within(
          absl::StrCat("timeline[", one.index, "]"),
          BadField(step.field, absl::StrCat("host '", step.host, "' ", why)));
    }
    state = step.becomes;
  }
  return absl::OkStatus();
}

std::vector<FaultOutage> OutagesOf(const std::vector<Step>& steps) {
  using Kind = FaultOutage::Kind;
  std::map<std::pair<std::string, Kind>, Switch> out;
  for (const Step& one : steps) {
    const HostStep step = HostStepOf(*one.step);
    if (step.field == nullptr) continue;
    const std::string host = absl::AsciiStrToLower(step.host);
    for (const Kind kind : {Kind::kCrash, Kind::kPause}) {
      const HostState state =
          kind == Kind::kCrash ? HostState::kDown : HostState::kPaused;
      out.emplace(std::pair(host, kind), Switch(false))
          .first->second.Set(step.becomes == state, one.at);
    }
  }
  std::vector<FaultOutage> outages;
  for (auto& [who, is_out] : out) {
    for (const FaultSpec::Span& span : is_out.Finish()) {
      outages.emplace_back(who.second, who.first, span);
    }
  }
  return outages;
}

// A rule that is enabled, and has no time to be on.
absl::Status CheckTime(const FaultRule& rule, const FaultSpec& spec,
                       const std::vector<Step>& steps) {
  if (!spec.spans.empty()) return absl::OkStatus();
  const bool enabled =
      !rule.off() || absl::c_any_of(steps, [&spec](const Step& one) {
        return one.step->has_enable() && one.step->enable() == spec.id;
      });
  if (!enabled) return absl::OkStatus();
  return BadField("active", "never on: the timeline leaves it no time");
}

}  // namespace

absl::StatusOr<FaultSpec> CompileSingleRule(const FaultRule& rule,
                                            const FaultSetting& setting) {
  absl::StatusOr<FaultSpec> spec = CompileChecked(rule, setting);
  if (!spec.ok()) {
    return Within(absl::StrCat("rule '", rule.id(), "'"), spec.status());
  }
  spec->spans = SpansOf(rule, *spec, {});
  return spec;
}

absl::StatusOr<CompiledPlan> CompilePlan(const FaultPlan& plan,
                                         const FaultSetting& setting) {
  CompiledPlan compiled;
  compiled.seed = plan.seed();
  std::set<std::string> ids;
  for (int i = 0; i < plan.rule_size(); ++i) {
    const FaultRule& rule = plan.rule(i);
    absl::StatusOr<FaultSpec> spec = CompileChecked(rule, setting);
    if (!spec.ok()) return Within(FaultRulePath(i, rule.id()), spec.status());
    if (!ids.insert(rule.id()).second) {
      return Within(FaultRulePath(i, rule.id()),
                    BadField("id", "another rule has it"));
    }
    compiled.rules.push_back(*std::move(spec));
  }
  const absl::StatusOr<std::vector<Step>> steps = ReadSteps(plan, ids, setting);
  if (!steps.ok()) return steps.status();
  for (int i = 0; i < plan.rule_size(); ++i) {
    compiled.rules[i].spans = SpansOf(plan.rule(i), compiled.rules[i], *steps);
    const absl::Status time =
        CheckTime(plan.rule(i), compiled.rules[i], *steps);
    if (!time.ok()) return Within(FaultRulePath(i, plan.rule(i).id()), time);
  }
  const absl::Status outages = CheckOutages(*steps);
  if (!outages.ok()) return outages;
  compiled.outages = OutagesOf(*steps);
  if (setting.may_contradict) return compiled;
  const absl::Status sound =
      CheckContradictions(compiled.rules, IsOnFake(setting));
  if (!sound.ok()) return sound;
  return compiled;
}

}  // namespace plumb
