// Options of a Runtime, for tests.
#ifndef PLUMB_TRANSPORT_FIBER_WORKERS_FOR_TEST_H_
#define PLUMB_TRANSPORT_FIBER_WORKERS_FOR_TEST_H_

#include "transport/fiber/runtime.h"

namespace plumb {

inline RuntimeOptions Workers(int count) {
  RuntimeOptions options;
  options.workers = count;
  return options;
}

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_WORKERS_FOR_TEST_H_
