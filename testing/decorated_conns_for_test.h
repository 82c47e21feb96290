// The Conns of this library's networks behind a decorator of Transports, for
// the conformance suite of Conn:
//
//   ConnDecorator Counting() { return {"counting", CountBytesOf}; }
//   PLUMB_INSTANTIATE_CONN_CONFORMANCE(Tcp, DecoratedTcp(Counting()));
//
// The decorator lets the extensions of Conns through, and its Close waits. What
// else it changes in the abilities is the test's to say.
#ifndef PLUMB_TESTING_DECORATED_CONNS_FOR_TEST_H_
#define PLUMB_TESTING_DECORATED_CONNS_FOR_TEST_H_

#include <functional>
#include <memory>
#include <string>

#include "testing/conformance/conn_backend.h"
#include "transport/clock.h"
#include "transport/transport.h"

namespace plumb {

struct ConnDecorator {
  std::string name;  // the tables have it in front of the network's
  // Puts it around a Transport on `clock`. The pair of Conns outlives both.
  std::function<std::shared_ptr<Transport>(std::shared_ptr<Transport> inner,
                                           Clock& clock)>
      wrap;
};

// Dialled and accepted.
ConnBackend DecoratedTcp(const ConnDecorator& decorator);
ConnBackend DecoratedFake(const ConnDecorator& decorator);
ConnBackend DecoratedUnix(const ConnDecorator& decorator);
ConnBackend DecoratedUnixPacket(const ConnDecorator& decorator);

// Dialled; the peer of a unixgram is a PacketConn.
ConnBackend DecoratedUdp(const ConnDecorator& decorator);
ConnBackend DecoratedUnixgram(const ConnDecorator& decorator);

}  // namespace plumb

#endif  // PLUMB_TESTING_DECORATED_CONNS_FOR_TEST_H_
