// A network as a World sees it: a Transport, and what of it a test has to know
// that its interface does not tell. There are the kernel's (kernel_net.h) and
// the fake's (fake_net.h).
//
// Threads: that of the World.
#ifndef PLUMB_TESTING_DIFFERENTIAL_NET_H_
#define PLUMB_TESTING_DIFFERENTIAL_NET_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "testing/differential/names.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

// Whether a Read or Accept would wait.
enum class Readiness { kReady, kWouldWait, kUnknown };

// A Conn that is open, and whether its peer's end must have come by now.
struct OpenConn {
  Conn* conn;
  bool peer_ended;
};

class Net {
 public:
  virtual ~Net() = default;

  virtual Transport& transport() = 0;
  // Longer than a call takes that does not wait.
  virtual absl::Duration Patience() const = 0;
  // For one run. Nobody else has it.
  virtual Place MakePlace() = 0;

  // Suspends until what was sent has arrived.
  virtual void Settle(const std::vector<OpenConn>& conns) = 0;
  virtual Readiness CanRead(Conn& conn) = 0;
  virtual Readiness CanRead(PacketConn& packets) = 0;
  virtual Readiness CanAccept(Listener& listener) = 0;
  // "ESTABLISHED" of a tcp connection; empty for what has none, and where it
  // cannot be told.
  virtual std::string StateOf(Conn& conn) = 0;
  virtual absl::Status RemovePath(absl::string_view path) = 0;

  // Whether a call is off its wait list as soon as what it waits for is there.
  virtual bool WakesAtOnce() const = 0;
  // Lets time pass, where it does not by itself; with `begun` once a call waits
  // for it.
  virtual void Pass(absl::Duration time, bool begun) = 0;
  // From now on, or no more, what is sent to it over tcp is lost.
  virtual void SetLoss(Conn& conn, bool lost) = 0;
  virtual void SetLoss(Listener& listener, bool lost) = 0;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_NET_H_
