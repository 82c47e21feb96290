// The rules that can concern one link, and which of them are on: what a
// FaultLink asks, made so that a packet costs each rule a few instructions.
//
// Threads: one at a time.
#ifndef PLUMB_TESTING_FAULT_FAULT_LINK_RULES_H_
#define PLUMB_TESTING_FAULT_FAULT_LINK_RULES_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "testing/fault/fault_burst.h"
#include "testing/fault/fault_hash.h"
#include "testing/fault/fault_spec.h"
#include "testing/fault/fault_state.h"
#include "testing/fault/fault_tally.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"

namespace plumb {

// A rule as one link judges it.
struct FaultLinkRule {
  uint64_t Draw(uint64_t place) const { return FaultDraw(key, place); }
  bool Fires(uint64_t place) const { return IsBelow(threshold, key, place); }
  // For nth and every: whether this one, which matches, is meant.
  bool Counts() { return IsMeant(state->spec(), ++counted); }
  const FaultSpec& spec() const { return state->spec(); }

  FaultState* state;
  FaultTally* tally;   // of this link
  uint64_t key;        // FaultState::key
  uint64_t threshold;  // what draws must be below: kCertain of a certain one
  uint64_t counted = 0;
  FaultAction action;
  bool terminal;    // IsTerminal(action)
  bool is_counted;  // has nth or every
  bool picky;       // not about every packet, so that more is to be asked
  // What it delays, for sums without absl::Duration: none of these where it
  // does not only delay, or for long.
  bool delays = false;
  int64_t delay_ns = 0;
  int64_t jitter_ns = 0;
  std::unique_ptr<FaultBurst> burst;  // null where losses are single ones
};

// What of it each packet that is sent needs.
struct FaultSendRule {
  bool Fires(uint64_t place) const { return IsBelow(threshold, key, place); }

  uint64_t key;
  uint64_t threshold;
  FaultLinkRule* rule;
  bool picky;
};

class FaultLinkRules {
 public:
  FaultLinkRules(std::shared_ptr<const Faults> faults, const FaultEnds& ends);
  FaultLinkRules(const FaultLinkRules&) = delete;
  FaultLinkRules& operator=(const FaultLinkRules&) = delete;
  // What it counted goes over to the rules.
  ~FaultLinkRules() { faults_->tallies().Close(&sheet_); }

  // Sees to it that what follows is so at `elapsed` from the plan's start.
  void Update(absl::Duration elapsed) {
    if (faults_->generation() == generation_ && since_ <= elapsed &&
        elapsed < until_) {
      return;
    }
    Refresh(elapsed);
  }

  // Those that are on, in their order. Who asks those for packets counts what
  // is judged, and with it the matches of those that are not picky.
  using Rules = std::vector<FaultLinkRule*>;
  const std::vector<FaultSendRule>& at_send() {
    sheet_.judged.Add();
    return at_send_;
  }
  // Of these, those with nth or every.
  const Rules& counted() const { return counted_; }
  const Rules& in_flight() const { return in_flight_; }
  const Rules& at_landing() const { return at_landing_; }
  const Rules& at_call() const { return at_call_; }
  // No rule and no host has anything to say of what lands.
  bool lands_all() const { return lands_all_; }

  // Because of which one of the ends is down; null when both are up.
  const FaultOutage* outage() const { return outage_; }
  // The same of one that is paused.
  const FaultOutage* pause() const { return pause_; }
  // The last time that one was down; null when there was none.
  const FaultOutage* past_outage() const { return past_outage_; }

  // `rule` in the form that outlives this.
  std::shared_ptr<FaultState> Share(const FaultLinkRule& rule) const;

 private:
  bool Concerns(const FaultSpec& rule) const;
  void Refresh(absl::Duration elapsed);
  void Reload();
  void SortOut(absl::Duration elapsed);
  void StartSheet();
  void SetOutages(absl::Duration elapsed);

  const std::shared_ptr<const Faults> faults_;
  const FaultEnds& ends_;
  uint64_t generation_ = 0;
  std::shared_ptr<const FaultTable> table_;
  std::vector<FaultLinkRule> rules_;
  FaultTallySheet sheet_;

  // What holds from `since_` on and before `until_`.
  absl::Duration since_;
  absl::Duration until_;
  std::vector<FaultSendRule> at_send_;
  Rules counted_;
  Rules in_flight_;
  Rules at_landing_;
  Rules at_call_;
  bool lands_all_ = false;
  const FaultOutage* outage_ = nullptr;
  const FaultOutage* pause_ = nullptr;
  const FaultOutage* past_outage_ = nullptr;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_LINK_RULES_H_
