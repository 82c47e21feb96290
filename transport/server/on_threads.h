// A thread for each connection of a Server (server.h).
#ifndef PLUMB_TRANSPORT_SERVER_ON_THREADS_H_
#define PLUMB_TRANSPORT_SERVER_ON_THREADS_H_

#include <memory>

#include "transport/server/task_group.h"

namespace plumb {

// Starting a task is ResourceExhausted, `start thread: resource temporarily
// unavailable`, when the system has no more threads.
std::unique_ptr<TaskGroup> OnThreads();

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SERVER_ON_THREADS_H_
