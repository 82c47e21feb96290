#include "testing/fault/faults.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace plumb {
namespace {

std::shared_ptr<FaultState> Find(const FaultTable& table,
                                 absl::string_view id) {
  for (const std::shared_ptr<FaultState>& rule : table.rules) {
    if (rule->spec().id == id) return rule;
  }
  return nullptr;
}

absl::Status NoRule(absl::string_view id) {
  return absl::NotFoundError(absl::StrCat("no rule '", id, "'"));
}

FaultCount CountOf(const FaultSpec& spec, const FaultTotal& total) {
  return {spec.id, spec.action, spec.optional, total.matches, total.hits};
}

// The outage of `host` that holds at `now`; null when there is none.
FaultOutage* Current(FaultTable& table, FaultOutage::Kind kind,
                     absl::string_view host, absl::Duration now) {
  for (FaultOutage& outage : table.outages) {
    if (outage.kind == kind && outage.host == host && outage.span.from <= now &&
        now < outage.span.until) {
      return &outage;
    }
  }
  return nullptr;
}

}  // namespace

Faults::Faults(uint64_t seed, const std::vector<FaultSpec>& rules,
               std::vector<FaultOutage> outages, FaultSetting setting,
               Clock& clock)
    : seed_(seed),
      clock_(clock),
      start_(clock.TimeNow()),
      setting_(std::move(setting)) {
  auto table = std::make_shared<FaultTable>();
  for (const FaultSpec& rule : rules) {
    table->rules.push_back(std::make_shared<FaultState>(rule, seed));
  }
  table->outages = std::move(outages);
  empty_ = table->empty();
  table_ = std::move(table);
}

absl::Status Faults::Force(absl::string_view id, bool on) {
  const std::shared_ptr<FaultState> rule = Find(*table(), id);
  if (rule == nullptr) return NoRule(id);
  rule->Force(on);
  NextGeneration();
  TellChange();
  return absl::OkStatus();
}

void Faults::Heal() {
  for (const std::shared_ptr<FaultState>& rule : table()->rules) {
    if (EndsWithHeal(rule->spec().action)) rule->Force(false);
  }
  NextGeneration();
  TellChange();
}

void Faults::Crash(absl::string_view host) {
  SetHost(host, FaultOutage::Kind::kCrash, true);
}
void Faults::Restart(absl::string_view host) {
  SetHost(host, FaultOutage::Kind::kCrash, false);
}
void Faults::Pause(absl::string_view host) {
  SetHost(host, FaultOutage::Kind::kPause, true);
}
void Faults::Resume(absl::string_view host) {
  SetHost(host, FaultOutage::Kind::kPause, false);
}

void Faults::SetHost(absl::string_view host, FaultOutage::Kind kind, bool out) {
  using Kind = FaultOutage::Kind;
  const std::string name = absl::AsciiStrToLower(host);
  const absl::Duration now = clock_.TimeNow() - start_;
  {
    SystemMutexLock lock(&mutex_);
    auto changed = std::make_shared<FaultTable>(*table_);
    FaultOutage* const crash = Current(*changed, Kind::kCrash, name, now);
    FaultOutage* const pause = Current(*changed, Kind::kPause, name, now);
    FaultOutage* const outage = kind == Kind::kCrash ? crash : pause;
    if ((outage != nullptr) == out) return;
    if (out && crash != nullptr) return;
    if (out) {
      if (pause != nullptr) pause->span.until = now;
      changed->outages.emplace_back(
          kind, name, FaultSpec::Span{now, absl::InfiniteDuration()});
    } else {
      outage->span.until = now;
    }
    Install(std::move(changed));
  }
  TellChange();
}

absl::Status Faults::Add(const FaultSpec& rule) {
  {
    SystemMutexLock lock(&mutex_);
    if (Find(*table_, rule.id) != nullptr) {
      return absl::AlreadyExistsError(
          absl::StrCat("a rule '", rule.id, "' is there already"));
    }
    auto changed = std::make_shared<FaultTable>(*table_);
    changed->rules.insert(changed->rules.begin(),
                          std::make_shared<FaultState>(rule, seed_));
    Install(std::move(changed));
  }
  TellChange();
  return absl::OkStatus();
}

void Faults::AddHost(absl::string_view host) {
  SystemMutexLock lock(&mutex_);
  // With one host told of, the others would be unknown.
  if (TakesAnyHost(setting_)) return;
  setting_.hosts.emplace_back(host);
}

FaultSetting Faults::setting() const {
  SystemMutexLock lock(&mutex_);
  return setting_;
}

absl::Status Faults::Remove(absl::string_view id) {
  {
    SystemMutexLock lock(&mutex_);
    const std::shared_ptr<FaultState> rule = Find(*table_, id);
    if (rule == nullptr) return NoRule(id);
    auto changed = std::make_shared<FaultTable>(*table_);
    changed->rules.erase(
        std::find(changed->rules.begin(), changed->rules.end(), rule));
    Install(std::move(changed));
    // Whoever still looks at it finds it off.
    rule->Force(false);
    FaultCount& total = removed_[rule->spec().id];
    const FaultCount count =
        CountOf(rule->spec(), tallies_.Totals({rule}).front());
    total = {count.id, count.action, count.optional,
             total.matches + count.matches, total.hits + count.hits};
  }
  TellChange();
  return absl::OkStatus();
}

std::vector<FaultCount> Faults::Counts() const {
  std::vector<FaultCount> counts;
  SystemMutexLock lock(&mutex_);
  const std::vector<FaultTotal> totals = tallies_.Totals(table_->rules);
  for (size_t i = 0; i < totals.size(); ++i) {
    counts.push_back(CountOf(table_->rules[i]->spec(), totals[i]));
  }
  for (const auto& [id, count] : removed_) counts.push_back(count);
  return counts;
}

uint64_t Faults::Subscribe(std::function<void()> callback) {
  SystemMutexLock lock(&mutex_);
  subscribers_[++last_subscriber_] = std::move(callback);
  return last_subscriber_;
}

void Faults::Unsubscribe(uint64_t id) {
  SystemMutexLock lock(&mutex_);
  subscribers_.erase(id);
}

absl::Time Faults::NextEdge(absl::Time now) const {
  const absl::Duration elapsed = now - start_;
  const std::shared_ptr<const FaultTable> rules = table();
  absl::Duration next = absl::InfiniteDuration();
  for (const std::shared_ptr<FaultState>& rule : rules->rules) {
    next = std::min(next, rule->NextEdge(elapsed));
  }
  for (const FaultOutage& outage : rules->outages) {
    for (const absl::Duration edge : {outage.span.from, outage.span.until}) {
      if (elapsed < edge) next = std::min(next, edge);
    }
  }
  return start_ + next;
}

std::shared_ptr<const FaultTable> Faults::table() const {
  SystemMutexLock lock(&mutex_);
  return table_;
}

void Faults::Install(std::shared_ptr<const FaultTable> table) {
  empty_.store(table->empty(), std::memory_order_release);
  table_ = std::move(table);
  NextGeneration();
}

void Faults::TellChange() {
  std::vector<std::function<void()>> callbacks;
  {
    SystemMutexLock lock(&mutex_);
    for (const auto& [id, callback] : subscribers_) {
      callbacks.push_back(callback);
    }
  }
  for (const std::function<void()>& callback : callbacks) callback();
}

std::string FormatFaultCounts(const std::vector<FaultCount>& counts) {
  std::string text =
      absl::StrFormat("%10s %10s %s\n", "matches", "hits", "rule");
  for (const FaultCount& count : counts) {
    absl::StrAppendFormat(&text, "%10d %10d %s (%s%s)\n", count.matches,
                          count.hits, count.id, FaultActionName(count.action),
                          count.optional ? ", optional" : "");
  }
  return text;
}

}  // namespace plumb
