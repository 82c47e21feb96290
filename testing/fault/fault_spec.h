// A FaultSpec is a rule of a plan in the form in which it is judged: checked,
// its defaults filled in, and without protobuf.
//
// Threads: values.
#ifndef PLUMB_TESTING_FAULT_FAULT_SPEC_H_
#define PLUMB_TESTING_FAULT_FAULT_SPEC_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "testing/fault/endpoint_pattern.h"
#include "testing/fault/fault_network.h"

namespace plumb {

enum class FaultAction : uint8_t {
  kDelay,
  kRate,
  kLoss,
  kDuplicate,
  kReorder,
  kCorrupt,
  kChunk,
  kHold,
  kPartition,
  kReset,
  kHalfOpen,
  kFailDial,
  kFailOp,
  kStopReading,
};
// As in a plan: "half_open".
const char* FaultActionName(FaultAction action);

// Whether what it fires on goes no further, so that the first that fires
// decides.
bool IsTerminal(FaultAction action);

// Whether a heal turns it off.
bool EndsWithHeal(FaultAction action);

enum class FaultOperation : uint8_t { kDial, kAccept, kRead, kWrite, kPacket };
const char* FaultOperationName(FaultOperation operation);

enum class FaultSegment : uint8_t { kAny, kOpen, kAnswer, kData, kEnd, kAbort };
const char* FaultSegmentName(FaultSegment segment);

enum class DialFault : uint8_t { kRefused, kTimeout, kHang, kNoSuchHost };

struct FaultSpec {
  // From the plan's start: on from `from` on, and before `until`.
  struct Span {
    absl::Duration from = absl::ZeroDuration();
    absl::Duration until = absl::InfiniteDuration();

    bool always() const {
      return from <= absl::ZeroDuration() && until == absl::InfiniteDuration();
    }
  };

  // See FaultRule::Loss::GilbertElliott.
  struct Burst {
    double p = 0;
    double r = 0;
    double bad_loss = 1;
    double good_loss = 0;
  };

  bool Has(FaultOperation operation) const {
    return (operations & Bit(operation)) != 0;
  }
  static constexpr uint8_t Bit(FaultOperation operation) {
    return static_cast<uint8_t>(1 << static_cast<int>(operation));
  }

  std::string id;
  FaultAction action = FaultAction::kDelay;
  bool optional = false;

  EndpointPattern from;
  EndpointPattern to;
  NetworkPattern network;
  uint16_t port = 0;
  bool forth = true;
  bool back = false;
  uint8_t operations = Bit(FaultOperation::kPacket);
  FaultSegment segment = FaultSegment::kAny;
  uint64_t nth = 0;
  uint64_t every = 0;
  uint64_t after_bytes = 0;
  double probability = 1;
  std::vector<Span> spans = {Span()};  // in order, apart

  // Of the actions that have one.
  absl::Duration delay;   // delay.min, reorder.by, duplicate.interval
  absl::Duration jitter;  // delay
  int64_t amount = 0;     // bytes a second, copies, bytes changed or at most
  DialFault dial = DialFault::kRefused;
  int error = 0;
  std::optional<Burst> burst;  // loss
};

// A host that is down, or that is paused.
struct FaultOutage {
  enum class Kind : uint8_t { kCrash, kPause };

  FaultOutage(Kind what, const std::string& lower_case_host,
              FaultSpec::Span when)
      : kind(what),
        host(lower_case_host),
        span(when),
        begin((kind == Kind::kCrash ? "crash of " : "pause of ") + host),
        end((kind == Kind::kCrash ? "restart of " : "resume of ") + host) {}

  Kind kind;
  std::string host;
  FaultSpec::Span span;
  // What is told as the cause.
  std::string begin;
  std::string end;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_SPEC_H_
