// A Listener waits at an address for connections.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<plumb::Listener> listener,
//                    transport.Listen("tcp", "127.0.0.1:0"));
//   std::cout << "listening on " << listener->Address() << "\n";
//   for (;;) {
//     absl::StatusOr<std::unique_ptr<plumb::Conn>> conn = listener->Accept();
//     if (plumb::IsClosed(conn.status())) break;
//     ...
//   }
//
// Who makes one: Transport::Listen. The caller owns it. It outlives the
// Transport; the Conns that it accepted outlive it.
//
// Threads, blocking and errors: as for Conn; concurrent Accepts take turns.
#ifndef PLUMB_TRANSPORT_LISTENER_H_
#define PLUMB_TRANSPORT_LISTENER_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/extension.h"

namespace plumb {

class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Closes; see Conn::~Conn.
  virtual ~Listener() = default;

  // Suspends until a peer connects. One that gave up while it was queued is
  // skipped where the system says so (ECONNABORTED); Linux gives the connection
  // all the same, and its first Read is IsReset or IsEof. An error consumes
  // nothing, so that calling again is safe: after ResourceExhausted (out of
  // descriptors) the connection still waits, and a loop must pause before it
  // tries again.
  virtual absl::StatusOr<std::unique_ptr<Conn>> Accept() = 0;

  // Stops listening: blocked Accepts return IsClosed, connections that nobody
  // accepted are reset, and the address is free when Close returns (on udp,
  // when the last accepted Conn is closed too). A second Close waits for the
  // first and returns IsClosed.
  virtual absl::Status Close() = 0;

  // Where it listens, with the real port; valid after Close as well.
  virtual Addr Address() const = 0;

  // As Conn::SetDeadline, for Accept.
  virtual absl::Status SetDeadline(absl::Time when) = 0;

  // See extension.h; use plumb::Extension<T>(listener).
  virtual void* Extension(absl::string_view name) = 0;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_LISTENER_H_
