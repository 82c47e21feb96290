// A fiber for each connection of a Server (server.h).
#ifndef PLUMB_TRANSPORT_SERVER_ON_FIBERS_H_
#define PLUMB_TRANSPORT_SERVER_ON_FIBERS_H_

#include <memory>

#include "transport/server/task_group.h"

namespace plumb {

// On the Runtime of the calling fiber: Server::Serve is called on a fiber then.
// Ends the program with a message on a plain thread.
std::unique_ptr<TaskGroup> OnFibers();

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SERVER_ON_FIBERS_H_
