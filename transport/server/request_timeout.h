// A connection on which a request and its answer may take so long and no
// longer, also when the peer sends the request a byte at a time.
//
//   conn = plumb::WithRequestTimeout(std::move(conn), absl::Seconds(10));
//
// A request begins when a Read or WaitReadable first has something for the
// handler, and is over when the handler has written and then asks for more. In
// between each Read, WaitReadable and Write is in a DeadlineScope (scope.h)
// that ends `timeout` after the beginning: it fails, IsTimeout, and so do all
// after it. Between requests nothing is limited; see idle_timeout.h for that.
//
// For handlers that answer one request after the other on one thread or fiber.
// One that reads ahead while it answers has the next request counted from the
// beginning of the one before; one that only sends is in its last request for
// ever. What a handler does without its connection takes as long as it takes: a
// DeadlineScope in the handler covers that as well.
//
// A decorator (forwarding.h); TcpControl, ReadCloser, BufferControl,
// MessageTraits and PeerCredentials go through.
#ifndef PLUMB_TRANSPORT_SERVER_REQUEST_TIMEOUT_H_
#define PLUMB_TRANSPORT_SERVER_REQUEST_TIMEOUT_H_

#include <memory>

#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/conn.h"

namespace plumb {

// `clock` is the one of the Transport that `conn` came from.
std::unique_ptr<Conn> WithRequestTimeout(std::unique_ptr<Conn> conn,
                                         absl::Duration timeout,
                                         Clock& clock = Clock::Real());

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SERVER_REQUEST_TIMEOUT_H_
