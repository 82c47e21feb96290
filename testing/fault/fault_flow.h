// What fault rules have to remember of one connection, in both directions, or
// of one sender of datagrams: which of them have made it half-open. It is gone
// with the connection.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_FAULT_FLOW_H_
#define PLUMB_TESTING_FAULT_FAULT_FLOW_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "testing/fault/fault_state.h"
#include "transport/system_mutex.h"

namespace plumb {

class FaultFlow {
 public:
  FaultFlow() = default;
  FaultFlow(const FaultFlow&) = delete;
  FaultFlow& operator=(const FaultFlow&) = delete;

  // `rule` has fired: nothing gets through until it ends, or is turned on anew.
  void Silence(std::shared_ptr<FaultState> rule, absl::Duration elapsed);
  // Whether something may have been said.
  bool silenced() const { return silenced_.load(std::memory_order_acquire); }
  // The rule because of which nothing gets through; null when there is none.
  // Lives as long as this.
  FaultState* SilencedBy(absl::Duration elapsed) const {
    // Of most flows nobody ever said so.
    return silenced() ? Find(elapsed) : nullptr;
  }

 private:
  struct Silencer {
    std::shared_ptr<FaultState> rule;
    absl::Duration since;
    uint64_t turn;  // FaultState::turn() then
  };

  FaultState* Find(absl::Duration elapsed) const;

  std::atomic<bool> silenced_{false};
  mutable SystemMutex mutex_;
  std::vector<Silencer> silencers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_FLOW_H_
