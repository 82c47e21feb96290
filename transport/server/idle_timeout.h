// A connection that does not wait for ever for a peer that has gone silent.
//
//   conn = plumb::WithIdleTimeout(std::move(conn), absl::Minutes(1));
//
// Each Read, WaitReadable and Write is in a DeadlineScope of its own (scope.h):
// one that takes longer than the timeout fails, IsTimeout. Deadlines that are
// set on the connection hold as well; the earlier counts.
//
// A decorator (forwarding.h); TcpControl, ReadCloser, BufferControl,
// MessageTraits and PeerCredentials go through.
#ifndef PLUMB_TRANSPORT_SERVER_IDLE_TIMEOUT_H_
#define PLUMB_TRANSPORT_SERVER_IDLE_TIMEOUT_H_

#include <memory>

#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/conn.h"

namespace plumb {

// `clock` is the one of the Transport that `conn` came from.
std::unique_ptr<Conn> WithIdleTimeout(std::unique_ptr<Conn> conn,
                                      absl::Duration timeout,
                                      Clock& clock = Clock::Real());

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SERVER_IDLE_TIMEOUT_H_
