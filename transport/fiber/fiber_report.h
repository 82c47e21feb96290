// Tells what the fibers of a Scheduler do. dump_fibers.h is for users.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_FIBER_FIBER_REPORT_H_
#define PLUMB_TRANSPORT_FIBER_FIBER_REPORT_H_

#include <memory>
#include <string>
#include <vector>

#include "transport/fiber/fiber_waiter.h"
#include "transport/fiber/scheduler.h"
#include "transport/fiber/worker.h"

namespace plumb {

class FiberReport {
 public:
  // DescribeAll will tell of it while it lives.
  static void Register(const std::shared_ptr<Scheduler>& scheduler);

  // One paragraph for each fiber. Suspends until each worker has described its
  // own; of one that does not get to it within a second, because a fiber keeps
  // it, it tells the names and ages of its fibers alone.
  static std::string Describe(Scheduler& scheduler);
  static std::string DescribeAll();

  // The names of the fibers that have not ended, in alphabetical order.
  static std::vector<std::string> Names(Scheduler& scheduler);

 private:
  // Of a worker that is kept.
  static std::string ListFibers(const Worker& worker);
  // On the worker, in its loop.
  static std::string DescribeWorker(Worker& worker);
  static std::string DescribeFiber(Worker& worker, FiberWaiter& fiber);
  static std::string DescribeWait(const FiberWaiter& fiber);
  static std::string Trace(Worker& worker, FiberWaiter& fiber);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_FIBER_REPORT_H_
