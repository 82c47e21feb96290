// The calls of a script's steps that pass descriptors (calls.h has the others).
//
// Threads: as calls.h.
#ifndef PLUMB_TESTING_DIFFERENTIAL_HANDLE_CALLS_H_
#define PLUMB_TESTING_DIFFERENTIAL_HANDLE_CALLS_H_

#include <cstdint>

#include "testing/differential/names.h"
#include "testing/differential/sockets.h"
#include "transport/handle_passing.h"

namespace plumb {

// Sends a byte and `count` descriptors, in turn of a device and of a pipe.
SplitCall SendHandles(Socket& socket, HandlePassing& passing, int64_t count,
                      Names& names);
// Receives up to `size` bytes, and tells which descriptors came along.
SplitCall TakeHandles(Socket& socket, HandlePassing& passing, int64_t size,
                      Names& names);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_HANDLE_CALLS_H_
