// Faults of a FaultPlan.
//
//   auto faults = plumb::MakeFaults(R"(
//     rule { id: "lossy" match { to: "db" } probability: 0.1 loss {} }
//   )", {{plumb::FaultTarget::kFake}, {"web", "db"}}, clock);
//
// Threads: functions of their arguments.
//
// Errors: those of fault_plan.h.
#ifndef PLUMB_TESTING_FAULT_MAKE_FAULTS_H_
#define PLUMB_TESTING_FAULT_MAKE_FAULTS_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "testing/fault/compile_plan.h"
#include "testing/fault/fault_plan.pb.h"
#include "testing/fault/faults.h"
#include "transport/clock.h"

namespace plumb {

// The plan starts now on `clock`, which outlives the Faults.
absl::StatusOr<std::shared_ptr<Faults>> MakeFaults(
    const FaultPlan& plan, const FaultSetting& setting = FaultSetting(),
    Clock& clock = Clock::Real());

// The same for a plan in text form.
absl::StatusOr<std::shared_ptr<Faults>> MakeFaults(
    absl::string_view plan, const FaultSetting& setting = FaultSetting(),
    Clock& clock = Clock::Real());

// Adds a rule before all others, until Faults::Remove. It may contradict them,
// and decides in their place. Errors besides: AlreadyExists.
absl::Status AddRule(Faults& faults, const FaultRule& rule);
// The same for one in text form: `id: "split" match { to: "db" } partition {}`.
absl::Status AddRule(Faults& faults, absl::string_view rule);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_MAKE_FAULTS_H_
