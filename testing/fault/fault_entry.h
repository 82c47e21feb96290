// What rules have the calls of one Conn, PacketConn or Listener wait for and
// fail with, before they do anything.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_FAULT_ENTRY_H_
#define PLUMB_TESTING_FAULT_FAULT_ENTRY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "testing/fault/fault_link.h"
#include "testing/fault/fault_spec.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"
#include "transport/call.h"
#include "transport/system_mutex.h"

namespace plumb {

class FaultEntry {
 public:
  // `ends` is the outgoing direction.
  FaultEntry(std::shared_ptr<const Faults> faults, FaultEnds ends);

  // Waits as long as `call` is to take, which Faults::Subscribe signals; its
  // failure, if it is to fail. `position` is how many bytes went that way
  // before, and `*max_bytes` how many it is to carry, 0 for all.
  absl::Status Enter(Call& call, const std::shared_ptr<const CallNames>& names,
                     FaultOperation operation, uint64_t position,
                     int64_t* max_bytes);

 private:
  // Until the rule is off; returns call.ok().
  bool AwaitEnd(Call& call, absl::string_view rule);

  const std::shared_ptr<const Faults> faults_;
  SystemMutex mutex_;
  FaultLink link_ ABSL_GUARDED_BY(mutex_);
  uint64_t calls_[4] ABSL_GUARDED_BY(mutex_) = {};  // by FaultOperation
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_ENTRY_H_
