// Faults is a fault plan at work: it judges packets and calls, and counts.
//
//   auto faults = plumb::MakeFaults(plan, options);         // make_faults.h
//   network_options.policy =                                // fault_policy.h
//       std::make_shared<plumb::FaultPolicy>(*faults);
//   ...
//   EXPECT_THAT(*faults, plumb::AllRulesFired());           // fault_matchers.h
//
// What carries packets or calls keeps a FaultLink (fault_link.h) for each
// direction of each connection and asks that.
//
// A decision is a hash of the seed, the rule's id, the two ends (host names in
// place of addresses, where there are names), and the place: the byte offset on
// a stream, the sender's datagram ordinal, the number of the call, and how
// often it was sent before. So another rule, host or packet changes no decision
// between the same ports. One that the system chose depends on what was dialled
// before, and on real sockets on chance; DialOptions::local_address chooses it.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_FAULTS_H_
#define PLUMB_TESTING_FAULT_FAULTS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "testing/fault/fault_spec.h"
#include "testing/fault/fault_state.h"
#include "testing/fault/fault_support.h"
#include "testing/fault/fault_tally.h"
#include "transport/clock.h"
#include "transport/system_mutex.h"

namespace plumb {

struct FaultCount {
  std::string id;
  FaultAction action = FaultAction::kDelay;
  bool optional = false;
  uint64_t matches = 0;  // what it was about while it was on
  uint64_t hits = 0;     // of these, what it did something to
};

// The rules and outages at one time; never changed.
struct FaultTable {
  bool empty() const { return rules.empty() && outages.empty(); }

  std::vector<std::shared_ptr<FaultState>> rules;
  std::vector<FaultOutage> outages;
};

class Faults {
 public:
  // Checked ones: use MakeFaults. The plan starts now on `clock`, which
  // outlives this.
  Faults(uint64_t seed, const std::vector<FaultSpec>& rules,
         std::vector<FaultOutage> outages, FaultSetting setting, Clock& clock);
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  // Turns a rule on or off, from now on whatever the timeline says. Errors:
  // NotFound, `no rule 'x'`.
  absl::Status Enable(absl::string_view id) { return Force(id, true); }
  absl::Status Disable(absl::string_view id) { return Force(id, false); }
  // Disables every partition, hold, half_open and stop_reading.
  void Heal();

  // A host is down, and is there again; is paused, and goes on: see FaultStep.
  // Nothing for one of which that is so already, nor for a pause of one that is
  // down. Any name goes, also that of a host that is not there.
  void Crash(absl::string_view host);
  void Restart(absl::string_view host);
  void Pause(absl::string_view host);
  void Resume(absl::string_view host);

  // Adds a rule before all others. Checked ones: use AddRule of make_faults.h,
  // or a ScopedRule. Errors: AlreadyExists, `a rule 'x' is there already`.
  absl::Status Add(const FaultSpec& rule);
  // One more of FaultSetting::hosts, for what is added later. Nothing where any
  // name goes.
  void AddHost(absl::string_view host);
  // Takes a rule away; what it counted stays. Errors: NotFound.
  absl::Status Remove(absl::string_view id);

  // In the order of the rules; those that were removed are last.
  std::vector<FaultCount> Counts() const;

  // Calls `callback` after each change above, on the thread that makes it with
  // no lock held, until Unsubscribe; a call may still be under way after that.
  uint64_t Subscribe(std::function<void()> callback);
  void Unsubscribe(uint64_t id);
  // When the timeline or a window next changes what is on after `now`, so that
  // what is under way is to be judged again; absl::InfiniteFuture() for never.
  absl::Time NextEdge(absl::Time now) const;

  Clock& clock() const { return clock_; }
  absl::Time start() const { return start_; }
  uint64_t seed() const { return seed_; }
  // What the plan was checked against, and what is added is.
  FaultSetting setting() const;

  // For FaultLink: where it counts; the rules now; and a number that is another
  // one when they are others, or were turned on or off.
  FaultTallies& tallies() const { return tallies_; }
  std::shared_ptr<const FaultTable> table() const;
  // The table is empty, so that nothing can be said of anything.
  bool empty() const { return empty_.load(std::memory_order_acquire); }
  uint64_t generation() const {
    return generation_.load(std::memory_order_acquire);
  }

 private:
  absl::Status Force(absl::string_view id, bool on);
  void SetHost(absl::string_view host, FaultOutage::Kind kind, bool out);
  void Install(std::shared_ptr<const FaultTable> table)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NextGeneration() { generation_.fetch_add(1, std::memory_order_release); }
  void TellChange();

  const uint64_t seed_;
  Clock& clock_;
  const absl::Time start_;
  std::atomic<uint64_t> generation_{1};
  std::atomic<bool> empty_{false};
  mutable FaultTallies tallies_;

  mutable SystemMutex mutex_;
  FaultSetting setting_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<const FaultTable> table_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, FaultCount> removed_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_subscriber_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, std::function<void()>> subscribers_
      ABSL_GUARDED_BY(mutex_);
};

// The counts as lines, with a head, for a failed test to print.
std::string FormatFaultCounts(const std::vector<FaultCount>& counts);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULTS_H_
