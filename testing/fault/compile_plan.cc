#include "testing/fault/compile_plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "testing/fault/compile_rule.h"

namespace plumb {
namespace {

absl::Status Within(absl::string_view path, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(path, ": ", status.message()));
}

absl::Status CheckHost(absl::string_view field, const std::string& host,
                       const FaultSetting& setting) {
  if (host.empty() || setting.hosts.empty()) return absl::OkStatus();
  for (const std::string& known : setting.hosts) {
    if (absl::EqualsIgnoreCase(known, host)) return absl::OkStatus();
  }
  return BadField(field, absl::StrCat("unknown host \"", host, "\" (known: ",
                                      absl::StrJoin(setting.hosts, ", "), ")"));
}

absl::StatusOr<FaultSpec> CompileChecked(const FaultRule& rule,
                                         const FaultSetting& setting) {
  if (rule.id().empty()) return BadField("id", "empty");
  absl::StatusOr<FaultSpec> spec = CompileRule(rule);
  if (!spec.ok()) return spec;
  absl::Status status = CheckHost("match.from", spec->from.host(), setting);
  if (status.ok()) status = CheckHost("match.to", spec->to.host(), setting);
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

absl::Status CheckStep(const FaultStep& step, const std::set<std::string>& ids,
                       const FaultSetting& setting) {
  const auto known = [&ids](absl::string_view field, const std::string& id) {
    return ids.count(id) > 0
               ? absl::OkStatus()
               : BadField(field, absl::StrCat("no rule '", id, "'"));
  };
  switch (step.action_case()) {
    case FaultStep::kEnable:
      return known("enable", step.enable());
    case FaultStep::kDisable:
      return known("disable", step.disable());
    case FaultStep::kHeal:
      return absl::OkStatus();
    case FaultStep::kCrash:
      if (step.crash().empty()) return BadField("crash", "empty");
      return CheckHost("crash", step.crash(), setting);
    case FaultStep::kRestart:
      if (step.restart().empty()) return BadField("restart", "empty");
      return CheckHost("restart", step.restart(), setting);
    case FaultStep::ACTION_NOT_SET:
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

std::string HostOf(const FaultStep& step) {
  return absl::AsciiStrToLower(step.has_crash() ? step.crash()
                                                : step.restart());
}

// Only who is up crashes, and only who is down is restarted.
absl::Status CheckOutages(const std::vector<Step>& steps) {
  std::set<std::string> down;
  for (const Step& one : steps) {
    const FaultStep& step = *one.step;
    absl::Status status;
    if (step.has_crash() && !down.insert(HostOf(step)).second) {
      status = BadField(
          "crash", absl::StrCat("host '", step.crash(), "' is down already"));
    }
    if (step.has_restart() && down.erase(HostOf(step)) == 0) {
      status = BadField(
          "restart", absl::StrCat("host '", step.restart(), "' is not down"));
    }
    if (!status.ok()) {
      return Within(absl::StrCat("timeline[", one.index, "]"), status);
    }
  }
  return absl::OkStatus();
}

std::vector<FaultOutage> OutagesOf(const std::vector<Step>& steps) {
  std::map<std::string, Switch> down;
  for (const Step& one : steps) {
    const FaultStep& step = *one.step;
    if (!step.has_crash() && !step.has_restart()) continue;
    down.emplace(HostOf(step), Switch(false))
        .first->second.Set(step.has_crash(), one.at);
  }
  std::vector<FaultOutage> outages;
  for (auto& [host, crashed] : down) {
    for (const FaultSpec::Span& span : crashed.Finish()) {
      outages.emplace_back(host, span);
    }
  }
  return outages;
}

std::string PathOf(int index, const std::string& id) {
  return absl::StrCat("rule[", index, "] '", id, "'");
}

absl::Status CheckReached(const std::vector<FaultSpec>& rules) {
  for (size_t later = 0; later < rules.size(); ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) {
      if (!Hides(rules[earlier], rules[later])) continue;
      return Within(
          PathOf(static_cast<int>(later), rules[later].id),
          BadField(
              FaultActionName(rules[later].action),
              absl::StrCat("never reached: ",
                           PathOf(static_cast<int>(earlier), rules[earlier].id),
                           " (", FaultActionName(rules[earlier].action),
                           ") always decides before")));
    }
  }
  return absl::OkStatus();
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
    if (!spec.ok()) return Within(PathOf(i, rule.id()), spec.status());
    if (!ids.insert(rule.id()).second) {
      return Within(PathOf(i, rule.id()),
                    BadField("id", "another rule has it"));
    }
    compiled.rules.push_back(*std::move(spec));
  }
  const absl::StatusOr<std::vector<Step>> steps = ReadSteps(plan, ids, setting);
  if (!steps.ok()) return steps.status();
  for (int i = 0; i < plan.rule_size(); ++i) {
    compiled.rules[i].spans = SpansOf(plan.rule(i), compiled.rules[i], *steps);
  }
  const absl::Status outages = CheckOutages(*steps);
  if (!outages.ok()) return outages;
  compiled.outages = OutagesOf(*steps);
  const absl::Status reached = CheckReached(compiled.rules);
  if (!reached.ok()) return reached;
  return compiled;
}

}  // namespace plumb
