// The accept loop of a server with a thread or a fiber for each connection.
#ifndef PLUMB_EXAMPLES_SERVE_H_
#define PLUMB_EXAMPLES_SERVE_H_

#include <functional>

#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/scope.h"

namespace examples {

// Runs `handler` for each connection of `listener`, on a thread of its own, and
// closes the connection after it. Returns when `stop` is cancelled or
// `listener` is closed, after all handlers have; `stop` cancels what they are
// blocked in.
//
// An error of Accept, such as too many open files, is complained of; then it
// pauses, 5 ms at first and at most 1 s, and goes on. So it does when there is
// no thread for a connection, which it closes.
void Serve(plumb::Listener& listener, const plumb::CancelSource& stop,
           const std::function<void(plumb::Conn&)>& handler);

// The same with a fiber for each connection, called on a fiber.
void ServeOnFibers(plumb::Listener& listener, const plumb::CancelSource& stop,
                   const std::function<void(plumb::Conn&)>& handler);

}  // namespace examples

#endif  // PLUMB_EXAMPLES_SERVE_H_
