// "Why is it stuck": what every fiber of the process waits for, and where.
//
//   signal handler thread:  std::cerr << plumb::DumpFibers();
//
// Each fiber has a line with its name, its age and what it waits for, and its
// stack below:
//
//   fiber "main", 3.2s old, in read tcp 127.0.0.1:1->127.0.0.1:2, 1.5s to its
//   deadline
//       0x55d2... plumb::Call::Suspend()
//       ...
//
// One that nothing keeps from going on is `ready to run`, and one that waits
// for something that has no name `waits`; both have their stacks below. One
// whose turn has not come yet is told with its name alone:
// `fiber "new", not started`.
//
// One that runs and does not wait keeps its worker from telling. Of the fibers
// of such a worker the name and the age are told, and which it is:
//
//   worker 0 does not answer: one of its fibers runs and does not wait
//   fiber "busy", 3.2s old, runs
//   fiber "main", 7.1s old
//
// One that starts at that moment, or that another worker takes over then, is
// told with its name alone: `fiber "new", has just started`.
//
// Threads: any. Suspends the caller, for a second at most for each Runtime.
#ifndef PLUMB_TRANSPORT_FIBER_DUMP_FIBERS_H_
#define PLUMB_TRANSPORT_FIBER_DUMP_FIBERS_H_

#include <string>

namespace plumb {

std::string DumpFibers();

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_DUMP_FIBERS_H_
