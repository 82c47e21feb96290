#include "testing/fault/fault_flow.h"

#include <algorithm>
#include <utility>

namespace plumb {

void FaultFlow::Silence(std::shared_ptr<FaultState> rule,
                        absl::Duration elapsed) {
  SystemMutexLock lock(&mutex_);
  const auto it =
      std::find_if(silencers_.begin(), silencers_.end(),
                   [&rule](const Silencer& one) { return one.rule == rule; });
  const uint64_t turn = rule->turn();
  if (it == silencers_.end()) {
    silencers_.push_back({std::move(rule), elapsed, turn});
  } else {
    it->since = elapsed;
    it->turn = turn;
  }
  silenced_.store(true, std::memory_order_release);
}

FaultState* FaultFlow::Find(absl::Duration elapsed) const {
  SystemMutexLock lock(&mutex_);
  for (const Silencer& one : silencers_) {
    if (one.rule->StillOn(one.turn, one.since, elapsed)) return one.rule.get();
  }
  return nullptr;
}

}  // namespace plumb
