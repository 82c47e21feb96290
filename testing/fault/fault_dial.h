// What fault rules do to a Dial before it is made.
//
// Threads: a function of its arguments.
#ifndef PLUMB_TESTING_FAULT_FAULT_DIAL_H_
#define PLUMB_TESTING_FAULT_FAULT_DIAL_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "testing/fault/fault_context.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_verdict.h"
#include "transport/options.h"

namespace plumb {

// The end that `address` is: its host's name, or its address. `name` is the
// network's as it was given to Dial.
FaultEnd DialledEnd(FaultNetwork network, absl::string_view name,
                    absl::string_view address);

// Suspends as rules have it; OK when the dial is to be made. Errors: the
// injected ones, and those of the options' deadline and the scopes.
absl::Status EnterDial(const FaultContext& context, FaultNetwork fault_network,
                       absl::string_view network, absl::string_view address,
                       const DialOptions& options);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_DIAL_H_
