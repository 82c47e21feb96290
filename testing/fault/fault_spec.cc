#include "testing/fault/fault_spec.h"

namespace plumb {

const char* FaultActionName(FaultAction action) {
  switch (action) {
    case FaultAction::kDelay:
      return "delay";
    case FaultAction::kRate:
      return "rate";
    case FaultAction::kLoss:
      return "loss";
    case FaultAction::kDuplicate:
      return "duplicate";
    case FaultAction::kReorder:
      return "reorder";
    case FaultAction::kCorrupt:
      return "corrupt";
    case FaultAction::kChunk:
      return "chunk";
    case FaultAction::kHold:
      return "hold";
    case FaultAction::kPartition:
      return "partition";
    case FaultAction::kReset:
      return "reset";
    case FaultAction::kHalfOpen:
      return "half_open";
    case FaultAction::kFailDial:
      return "fail_dial";
    case FaultAction::kFailOp:
      return "fail_op";
  }
  return "";
}

bool IsTerminal(FaultAction action) {
  switch (action) {
    case FaultAction::kLoss:
    case FaultAction::kHold:
    case FaultAction::kPartition:
    case FaultAction::kReset:
    case FaultAction::kHalfOpen:
    case FaultAction::kFailDial:
    case FaultAction::kFailOp:
      return true;
    default:
      return false;
  }
}

bool EndsWithHeal(FaultAction action) {
  return action == FaultAction::kPartition || action == FaultAction::kHold ||
         action == FaultAction::kHalfOpen;
}

const char* FaultOperationName(FaultOperation operation) {
  switch (operation) {
    case FaultOperation::kDial:
      return "DIAL";
    case FaultOperation::kAccept:
      return "ACCEPT";
    case FaultOperation::kRead:
      return "READ";
    case FaultOperation::kWrite:
      return "WRITE";
    case FaultOperation::kPacket:
      return "PACKET";
  }
  return "";
}

bool Hides(const FaultSpec& earlier, const FaultSpec& later) {
  const bool decides = IsTerminal(earlier.action) && earlier.probability >= 1 &&
                       earlier.nth == 0 && earlier.every == 0 &&
                       earlier.spans.size() == 1 && earlier.spans[0].always();
  if (!decides || !IsTerminal(later.action)) return false;
  return earlier.from.Covers(later.from) && earlier.to.Covers(later.to) &&
         earlier.network.Covers(later.network) &&
         (earlier.port == 0 || earlier.port == later.port) &&
         (earlier.forth || !later.forth) && (earlier.back || !later.back) &&
         (later.operations & ~earlier.operations) == 0 &&
         (earlier.segment == FaultSegment::kAny ||
          earlier.segment == later.segment) &&
         earlier.after_bytes <= later.after_bytes;
}

}  // namespace plumb
