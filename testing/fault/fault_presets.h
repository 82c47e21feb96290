// Plans to begin with: what links of several kinds do to packets. Each is a
// plain FaultPlan, to print, to change, and to add rules to.
//
//   plumb::FaultPlan plan = plumb::MobilePlan();
//   plan.set_seed(42);
//   std::cout << plumb::FaultPlanText(plan);
//
// Their rules are about all hosts, and all are optional: a short test may see
// none of them. What a kernel's stream cannot have is for udp alone, so that
// FaultTransport takes them too.
//
// Threads: functions without state.
#ifndef PLUMB_TESTING_FAULT_FAULT_PRESETS_H_
#define PLUMB_TESTING_FAULT_FAULT_PRESETS_H_

#include "testing/fault/fault_plan.pb.h"

namespace plumb {

// The hosts of one rack: 50 us each way.
FaultPlan DatacenterPlan();
// An office: 300 us each way with some jitter, 1 Gbit/s.
FaultPlan LanPlan();
// Across a continent: 40 ms each way, 100 Mbit/s, 0.1 % of datagrams lost.
FaultPlan WanPlan();
// A phone on a train: 60 ms to 160 ms each way, 5 Mbit/s, 2 % of datagrams
// lost, 1 % late.
FaultPlan MobilePlan();
// All that a program must live with, and more of it than it will meet: late,
// lost, twice, out of order and changed datagrams, and a connection in a
// thousand segments reset.
FaultPlan EvilPlan();

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_PRESETS_H_
