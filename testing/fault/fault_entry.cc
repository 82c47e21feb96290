#include "testing/fault/fault_entry.h"

#include <string>
#include <utility>
#include <vector>

#include "testing/fault/fault_calls.h"
#include "transport/error.h"

namespace plumb {
namespace {

struct CallText {
  const char* op;
  const char* syscall;
};

CallText TextOf(FaultOperation operation) {
  if (operation == FaultOperation::kRead) return {"read", "read"};
  if (operation == FaultOperation::kAccept) return {"accept", "accept4"};
  return {"write", "write"};
}

}  // namespace

FaultEntry::FaultEntry(std::shared_ptr<const Faults> faults, FaultEnds ends)
    : faults_(std::move(faults)), link_(faults_, std::move(ends)) {}

absl::Status FaultEntry::Enter(Call& call,
                               const std::shared_ptr<const CallNames>& names,
                               FaultOperation operation, uint64_t position,
                               int64_t* max_bytes) {
  Clock& clock = faults_->clock();
  const CallText text = TextOf(operation);
  FaultCallVerdict verdict;
  std::string rule;
  std::vector<std::string> stopped_by;
  {
    SystemMutexLock lock(&mutex_);
    uint64_t& ordinal = calls_[static_cast<int>(operation)];
    verdict = link_.AtCall({operation, ordinal++, position}, clock.TimeNow());
    // Which another call may replace.
    rule = std::string(verdict.rule);
    for (const absl::string_view stopper : verdict.stopped_by) {
      stopped_by.emplace_back(stopper);
    }
  }
  *max_bytes = verdict.max_bytes;
  if (verdict.delay > absl::ZeroDuration() &&
      !PauseFor(call, clock, verdict.delay)) {
    return call.Error(text.op);
  }
  if (verdict.error != 0) {
    return InjectedError(NamedInfo(text.op, names.get()), text.syscall,
                         verdict.error, rule);
  }
  for (std::string& stopper : stopped_by) {
    if (AwaitEnd(call, stopper)) continue;
    ErrorInfo info;
    info.injected_by = std::move(stopper);
    return call.Error(text.op, std::move(info));
  }
  return absl::OkStatus();
}

bool FaultEntry::AwaitEnd(Call& call, absl::string_view rule) {
  Clock& clock = faults_->clock();
  for (;;) {
    const absl::Time now = clock.TimeNow();
    {
      SystemMutexLock lock(&mutex_);
      if (!link_.IsOnAtCall(rule, now)) return true;
    }
    if (!call.WaitUntil(clock.ToMonotonic(faults_->NextEdge(now)))) {
      return false;
    }
  }
}

}  // namespace plumb
