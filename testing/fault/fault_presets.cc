#include "testing/fault/fault_presets.h"

#include <cstdlib>

#include "absl/status/statusor.h"
#include "testing/fault/fault_plan.h"

namespace plumb {
namespace {

FaultPlan Must(const char* text) {
  const absl::StatusOr<FaultPlan> plan = ParseFaultPlan(text);
  if (!plan.ok()) std::abort();
  return *plan;
}

}  // namespace

FaultPlan DatacenterPlan() {
  return Must(R"(
    rule { id: "datacenter delay" optional: true
           delay { min: "45us" jitter: "10us" } }
  )");
}

FaultPlan LanPlan() {
  return Must(R"(
    rule { id: "lan delay" optional: true
           delay { min: "250us" jitter: "100us" } }
    rule { id: "lan rate" optional: true
           rate { bytes_per_second: 125000000 } }
  )");
}

FaultPlan WanPlan() {
  return Must(R"(
    rule { id: "wan delay" optional: true
           delay { min: "38ms" jitter: "4ms" } }
    rule { id: "wan rate" optional: true
           rate { bytes_per_second: 12500000 } }
    rule { id: "wan loss" optional: true match { network: "udp" }
           probability: 0.001 loss {} }
  )");
}

FaultPlan MobilePlan() {
  return Must(R"(
    rule { id: "mobile delay" optional: true
           delay { min: "60ms" jitter: "100ms" } }
    rule { id: "mobile rate" optional: true
           rate { bytes_per_second: 625000 } }
    rule { id: "mobile loss" optional: true match { network: "udp" }
           probability: 0.02 loss {} }
    rule { id: "mobile late" optional: true match { network: "udp" }
           probability: 0.01 reorder { by: "300ms" } }
  )");
}

FaultPlan EvilPlan() {
  return Must(R"(
    rule { id: "evil delay" optional: true
           delay { jitter: "500ms" } }
    rule { id: "evil loss" optional: true match { network: "udp" }
           probability: 0.1 loss {} }
    rule { id: "evil copies" optional: true match { network: "udp" }
           probability: 0.1 duplicate { interval: "50ms" } }
    rule { id: "evil late" optional: true match { network: "udp" }
           probability: 0.1 reorder { by: "1s" } }
    rule { id: "evil change" optional: true match { network: "udp" }
           probability: 0.05 corrupt { bytes: 2 } }
    rule { id: "evil reset" optional: true
           match { network: "tcp" segment: DATA }
           probability: 0.001 reset {} }
  )");
}

}  // namespace plumb
