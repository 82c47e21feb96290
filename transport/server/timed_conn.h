// What decorators with a time limit have in common. For idle_timeout.h and
// request_timeout.h.
#ifndef PLUMB_TRANSPORT_SERVER_TIMED_CONN_H_
#define PLUMB_TRANSPORT_SERVER_TIMED_CONN_H_

#include <memory>
#include <utility>

#include "absl/time/time.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/extensions.h"
#include "transport/forwarding.h"

namespace plumb {

class TimedConn : public ForwardingConn {
 public:
  // The extensions that go through wait for nothing, so that nobody gets
  // round the limit through them.
  TimedConn(std::unique_ptr<Conn> inner, absl::Duration timeout, Clock& clock)
      : ForwardingConn(
            std::move(inner),
            {TcpControl::kExtensionName, ReadCloser::kExtensionName,
             BufferControl::kExtensionName, MessageTraits::kExtensionName,
             PeerCredentials::kExtensionName}),
        timeout_(timeout),
        clock_(clock) {}

 protected:
  absl::Duration timeout() const { return timeout_; }
  Clock& clock() const { return clock_; }

 private:
  const absl::Duration timeout_;
  Clock& clock_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SERVER_TIMED_CONN_H_
