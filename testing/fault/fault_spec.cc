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
    case FaultAction::kStopReading:
      return "stop_reading";
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
         action == FaultAction::kHalfOpen ||
         action == FaultAction::kStopReading;
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

const char* FaultSegmentName(FaultSegment segment) {
  switch (segment) {
    case FaultSegment::kAny:
      return "ANY";
    case FaultSegment::kOpen:
      return "OPEN";
    case FaultSegment::kAnswer:
      return "ANSWER";
    case FaultSegment::kData:
      return "DATA";
    case FaultSegment::kEnd:
      return "END";
    case FaultSegment::kAbort:
      return "ABORT";
  }
  return "";
}

}  // namespace plumb
