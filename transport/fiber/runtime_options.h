// How a Runtime (runtime.h) is set up.
#ifndef PLUMB_TRANSPORT_FIBER_RUNTIME_OPTIONS_H_
#define PLUMB_TRANSPORT_FIBER_RUNTIME_OPTIONS_H_

#include <cstddef>

#include "absl/time/time.h"

namespace plumb {

struct RuntimeOptions {
  // Threads that run fibers; 0 for one for each processor that the process may
  // use.
  int workers = 0;
  // Of each fiber, guard included. What is not touched costs nothing but
  // address space and its share of a page table.
  size_t stack_size = 256 * 1024;
  // Binds each worker to one of the processors that the process may use.
  bool pin_workers = false;
  // How long an idle worker looks for work before it sleeps. It saves the time
  // to wake it up, and costs a processor that does nothing else.
  absl::Duration spin = absl::ZeroDuration();
  // The most threads for RunBlocking. They are started when they are needed.
  int blocking_threads = 16;
  // How long the destructor waits for fibers that do not end before it writes
  // to stderr who they are, and then again each time.
  absl::Duration report_stuck_after = absl::Seconds(10);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_RUNTIME_OPTIONS_H_
