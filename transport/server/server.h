// A Server accepts connections and runs a handler for each, on fibers or on
// threads, over any network.
//
//   plumb::ServerOptions options;
//   options.concurrency = plumb::OnFibers;      // on_fibers.h; or OnThreads
//   options.idle_timeout = absl::Minutes(1);
//   options.request_timeout = absl::Seconds(2);
//   plumb::Server server(options);
//   plumb::Go([&] {
//     server.Serve(*listener, [](plumb::Conn& conn) {
//       while (Answer(conn).ok()) {
//       }
//     }).IgnoreError();
//   });
//   ...
//   server.Shutdown(absl::Now() + absl::Seconds(10));
//
// A connection is the handler's until it returns, and is closed then. What the
// handler refers to must outlive Serve.
//
// Threads: any method on any thread or fiber, at any time; Serve may run
// several times at once, for several Listeners. Limits and counters are for all
// together.
#ifndef PLUMB_TRANSPORT_SERVER_SERVER_H_
#define PLUMB_TRANSPORT_SERVER_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/event.h"
#include "transport/listener.h"
#include "transport/scope.h"
#include "transport/server/on_threads.h"
#include "transport/server/task_group.h"
#include "transport/system_mutex.h"

namespace plumb {

struct ServerOptions {
  // What runs the handlers: OnThreads, or OnFibers. Called by each Serve.
  std::function<std::unique_ptr<TaskGroup>()> concurrency = OnThreads;

  // How many handlers run at the same time; 0 is taken for 1. Further
  // connections wait in the Listener's backlog (one for each Serve may be
  // accepted already) and what happens to those beyond that is the network's:
  // over udp newcomers are dropped and counted, see UdpListenerStats.
  size_t max_connections = 100000;

  // A Read, WaitReadable or Write of a connection that takes longer fails,
  // IsTimeout: nothing came for so long, or the peer did not take what it was
  // sent. Costs nothing when it is infinite; otherwise handlers get connections
  // of idle_timeout.h.
  absl::Duration idle_timeout = absl::InfiniteDuration();

  // How long a request may take, from its first byte until the handler has
  // written the answer and asks for the next one: then Reads and Writes fail,
  // IsTimeout. Covers calls of the connection alone: a DeadlineScope in the
  // handler covers all that it calls. Costs nothing when it is infinite;
  // otherwise handlers get connections of request_timeout.h.
  absl::Duration request_timeout = absl::InfiniteDuration();

  // Called when Accept, or the start of a task, has failed and is tried again
  // after `pause`: for a log.
  std::function<void(const absl::Status& status, absl::Duration pause)>
      on_accept_error;

  // How long Shutdown waits for the handlers that it has cancelled before it
  // calls them stuck.
  absl::Duration stuck_after = absl::Seconds(1);

  // For the pauses, the timeouts and Shutdown; the Transport's in tests.
  // Must outlive the Server.
  Clock* clock = &Clock::Real();
};

// At any time accepted = active + finished + cancelled + rejected.
struct ServerCounters {
  uint64_t accepted = 0;
  uint64_t finished = 0;   // handlers that returned by themselves
  uint64_t cancelled = 0;  // handlers that returned after they were cancelled
  // Connections that were closed without a handler: there was no thread for it,
  // or Serve ended while it waited for a place.
  uint64_t rejected = 0;
  uint64_t accept_errors = 0;  // those of Accept that were tried again
  size_t active = 0;           // handlers that run now
  size_t peak = 0;             // the most that ran at the same time
};

// What became of the handlers that ran when Shutdown was called.
struct ShutdownReport {
  uint64_t finished = 0;   // by themselves
  uint64_t cancelled = 0;  // the others
  uint64_t stuck = 0;      // those of the cancelled that have not returned
};

class Server {
 public:
  explicit Server(ServerOptions options = ServerOptions());
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  // Shuts down without patience, and then waits until all handlers and Serves
  // have returned, however long it takes.
  ~Server();

  // Runs `handler` for each connection, many at the same time, until
  // - Shutdown: closes `listener` and returns OK, at once if it was shut down
  //   before;
  // - Accept fails with IsClosed or, of `listener`'s deadline, IsTimeout;
  // - a scope around the call ends: then the handlers are cancelled.
  // In each case it returns when the handlers have, and then returns that
  // error.
  //
  // After any other error of Accept, such as too many open files, it pauses, 5
  // ms at first and twice as long each time, 1 s at most, and tries again. So
  // it does when there is no thread for a connection, which it closes.
  absl::Status Serve(Listener& listener,
                     absl::FunctionRef<void(Conn&)> handler);

  // Stops accepting and closes the Listeners; lets the handlers finish until
  // `deadline`, or until a scope around the call ends; cancels those that have
  // not, as a CancelScope around them would, and waits for them for a while
  // (ServerOptions::stuck_after). The Serves return when the last handler has.
  // A handler that calls it waits for itself.
  //
  // Again, also at the same time, is not an error: the earliest deadline
  // counts.
  ShutdownReport Shutdown(absl::Time deadline);

  ServerCounters Counters() const;

 private:
  class Session;

  void CancelHandlers();
  // Suspends until `condition`, which is called with the lock held. Errors: as
  // Event::WaitUntil.
  absl::Status Await(absl::FunctionRef<bool()> condition,
                     absl::Time deadline = absl::InfiniteFuture());
  // Changes what somebody may wait for; `change` is called with the lock held.
  // Touches nothing after that.
  void Update(absl::FunctionRef<void()> change);

  const ServerOptions options_;
  CancelSource shutdown_;
  mutable SystemMutex mutex_;
  ServerCounters counters_ ABSL_GUARDED_BY(mutex_);
  size_t accepting_ ABSL_GUARDED_BY(mutex_) = 0;  // sessions that still accept
  std::vector<Session*> sessions_ ABSL_GUARDED_BY(mutex_);
  // Of the next change, when somebody waits for it.
  std::shared_ptr<Event> changed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SERVER_SERVER_H_
