// Tells what the fibers of a Scheduler do. dump_fibers.h is for users.
//
// Threads: any method at any time.
#ifndef PLUMB_TRANSPORT_FIBER_FIBER_REPORT_H_
#define PLUMB_TRANSPORT_FIBER_FIBER_REPORT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
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
  using Id = std::pair<const FiberWaiter*, uint64_t>;  // with its generation

  struct Paragraph {
    Id fiber;
    std::string text;
  };
  struct Answer;

  static std::vector<std::shared_ptr<Answer>> AskWorkers(Scheduler& scheduler);
  // The names alone.
  static std::vector<Paragraph> NameFibers(Scheduler& scheduler);
  // Of a worker that is kept.
  static std::vector<Paragraph> ListFibers(const Worker& worker);
  // On the worker, in its loop.
  static std::vector<Paragraph> DescribeFibers(Worker& worker);
  static std::string DescribeFiber(Worker& worker, FiberWaiter& fiber);
  static std::string DescribeWait(const FiberWaiter& fiber);
  static std::string Trace(Worker& worker, FiberWaiter& fiber);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_FIBER_REPORT_H_
