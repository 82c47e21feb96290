// What of a plan can be honoured where: the table in README.md.
//
// Threads: functions of their arguments.
#ifndef PLUMB_TESTING_FAULT_FAULT_SUPPORT_H_
#define PLUMB_TESTING_FAULT_FAULT_SUPPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_spec.h"

namespace plumb {

// Where a plan is carried out.
enum class FaultTarget : uint8_t {
  kFake,  // the packets of a FakeNetwork: FaultPolicy
  kTcp,   // the calls of a Transport, by what its network is: sockets, and
  kUdp,   // whatever else
  kUnix,
};

// What a plan is checked against.
struct FaultSetting {
  // Where it is carried out. None: anywhere, and no rule is refused because it
  // cannot be honoured.
  std::vector<FaultTarget> targets;
  // The hosts that there are: what a plan names beside them is refused. Without
  // any, all that it names is refused on a fake network, and nothing elsewhere.
  std::vector<std::string> hosts = {};
  // Any name goes, on a fake network too.
  bool any_host = false;
  // Rules may contradict each other: the first decides. For plans that nobody
  // wrote. What nothing fits or is never on is refused all the same.
  bool may_contradict = false;
};

bool IsOnFake(const FaultSetting& setting);
// Whether a plan may name hosts that nobody has told of.
bool TakesAnyHost(const FaultSetting& setting);

// The networks whose packets or calls are judged there.
absl::Span<const FaultNetwork> NetworksOf(FaultTarget target);

// Why such a rule cannot be honoured there; empty when it can.
absl::string_view WhyUnsupported(const FaultSpec& spec, FaultTarget target,
                                 FaultNetwork network);

// Whether all that the rule may be about can be honoured on all of `targets`.
// Errors: Unimplemented, `loss: not on tcp: ...`.
absl::Status CheckSupport(const FaultSpec& spec,
                          absl::Span<const FaultTarget> targets);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_SUPPORT_H_
