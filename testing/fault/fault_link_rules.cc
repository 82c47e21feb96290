#include "testing/fault/fault_link_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"

namespace plumb {
namespace {

bool Is(const FaultEnd& end, const FaultOutage& outage) {
  return absl::EqualsIgnoreCase(end.host, outage.host);
}

// Below a thousand seconds, so that no sum of such is too large.
bool IsShort(absl::Duration delay) {
  return delay < absl::Seconds(1000) &&
         absl::Nanoseconds(absl::ToInt64Nanoseconds(delay)) == delay;
}

FaultLinkRule Compile(FaultState* state) {
  const FaultSpec& spec = state->spec();
  FaultLinkRule rule;
  rule.state = state;
  rule.tally = nullptr;
  rule.key = state->key();
  rule.threshold = FaultThreshold(spec.probability);
  rule.action = spec.action;
  rule.terminal = IsTerminal(spec.action);
  rule.is_counted = spec.nth != 0 || spec.every != 0;
  rule.picky = rule.is_counted || spec.segment != FaultSegment::kAny ||
               spec.after_bytes != 0 || spec.action == FaultAction::kFailDial ||
               spec.action == FaultAction::kCorrupt || spec.burst.has_value();
  if (spec.burst.has_value()) {
    rule.burst = std::make_unique<FaultBurst>(*spec.burst, rule.key);
  }
  rule.delays = (spec.action == FaultAction::kDelay ||
                 spec.action == FaultAction::kReorder) &&
                IsShort(spec.delay) && IsShort(spec.jitter);
  if (rule.delays) {
    rule.delay_ns = absl::ToInt64Nanoseconds(spec.delay);
    rule.jitter_ns = absl::ToInt64Nanoseconds(spec.jitter);
  }
  return rule;
}

}  // namespace

FaultLinkRules::FaultLinkRules(std::shared_ptr<const Faults> faults,
                               const FaultEnds& ends)
    : faults_(std::move(faults)), ends_(ends) {}

bool FaultLinkRules::Concerns(const FaultSpec& rule) const {
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

void FaultLinkRules::Refresh(absl::Duration elapsed) {
  faults_->tallies().Close(&sheet_);
  const uint64_t generation = faults_->generation();
  if (generation != generation_) {
    generation_ = generation;
    std::shared_ptr<const FaultTable> table = faults_->table();
    if (table != table_) {
      std::swap(table, table_);
      Reload();
    }
  }
  SortOut(elapsed);
  SetOutages(elapsed);
  lands_all_ = at_landing_.empty() && outage_ == nullptr && pause_ == nullptr &&
               past_outage_ == nullptr;
  StartSheet();
  faults_->tallies().Open(&sheet_);
}

void FaultLinkRules::Reload() {
  std::vector<FaultLinkRule> before;
  before.swap(rules_);
  for (const std::shared_ptr<FaultState>& state : table_->rules) {
    if (!Concerns(state->spec())) continue;
    rules_.push_back(Compile(state.get()));
    const auto old = std::find_if(
        before.begin(), before.end(),
        [&](const FaultLinkRule& one) { return one.state == state.get(); });
    if (old != before.end()) rules_.back().counted = old->counted;
  }
}

void FaultLinkRules::StartSheet() {
  sheet_.judged = FaultCounter();
  sheet_.tallies.clear();
  sheet_.tallies.reserve(rules_.size());
  for (FaultLinkRule& rule : rules_) {
    sheet_.tallies.emplace_back();
    rule.tally = &sheet_.tallies.back();
    rule.tally->rule = rule.state;
  }
  for (const FaultSendRule& one : at_send_) one.rule->tally->all = !one.picky;
}

void FaultLinkRules::SortOut(absl::Duration elapsed) {
  for (Rules* list : {&counted_, &in_flight_, &at_landing_, &at_call_}) {
    list->clear();
  }
  at_send_.clear();
  since_ = elapsed;
  until_ = absl::InfiniteDuration();
  for (FaultLinkRule& rule : rules_) {
    until_ = std::min(until_, rule.state->NextEdge(elapsed));
    if (!rule.state->ActiveAt(elapsed)) continue;
    const FaultAction action = rule.action;
    const bool packets = rule.spec().Has(FaultOperation::kPacket);
    if (packets || action == FaultAction::kFailDial) {
      at_send_.push_back({rule.key, rule.threshold, &rule, rule.picky});
    }
    if (packets && rule.is_counted) counted_.push_back(&rule);
    if (!packets) at_call_.push_back(&rule);
    const bool partition = action == FaultAction::kPartition;
    if (partition || action == FaultAction::kHold) in_flight_.push_back(&rule);
    // A rule with nth or every has chosen at send.
    if (partition && !rule.is_counted) at_landing_.push_back(&rule);
  }
}

void FaultLinkRules::SetOutages(absl::Duration elapsed) {
  outage_ = pause_ = past_outage_ = nullptr;
  for (const FaultOutage& outage : table_->outages) {
    if (!Is(ends_.from, outage) && !Is(ends_.to, outage)) continue;
    if (elapsed < outage.span.from) {
      until_ = std::min(until_, outage.span.from);
    } else if (elapsed < outage.span.until) {
      until_ = std::min(until_, outage.span.until);
      const bool down = outage.kind == FaultOutage::Kind::kCrash;
      const FaultOutage*& now = down ? outage_ : pause_;
      if (now == nullptr) now = &outage;
    } else if (outage.kind == FaultOutage::Kind::kPause) {
      continue;
    } else if (past_outage_ == nullptr ||
               past_outage_->span.until < outage.span.until) {
      past_outage_ = &outage;
    }
  }
}

std::shared_ptr<FaultState> FaultLinkRules::Share(
    const FaultLinkRule& rule) const {
  for (const std::shared_ptr<FaultState>& state : table_->rules) {
    if (state.get() == rule.state) return state;
  }
  return nullptr;
}

}  // namespace plumb
