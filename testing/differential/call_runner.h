// Makes calls that may wait, and ends those that do.
//
// "Hope" is that the call will not wait, as it did not on another net: then
// what it waits for is awaited for some seconds.
//
// Threads: that of the run.
#ifndef PLUMB_TESTING_DIFFERENTIAL_CALL_RUNNER_H_
#define PLUMB_TESTING_DIFFERENTIAL_CALL_RUNNER_H_

#include "absl/time/time.h"
#include "testing/differential/net.h"
#include "testing/differential/sockets.h"
#include "testing/differential/trace.h"
#include "transport/direction.h"

namespace plumb {

class CallRunner {
 public:
  explicit CallRunner(Net& net) : net_(net) {}

  Outcome Do(Socket& socket, const SplitCall& call, bool hope);
  // The same where nobody knows beforehand whether it will wait.
  Outcome Watch(Socket& socket, const SplitCall& call, bool hope);

  // Begins the call, and returns when it waits or is done; Finish awaits it.
  void Start(Socket& socket, SplitCall call);
  Outcome Finish(Socket& socket, bool hope);
  // Whether what began waits.
  bool Waits(Socket& socket);

 private:
  Readiness CanGo(Socket& socket, Direction direction);
  // Whether what began is done by now, or soon.
  bool IsDone(Socket& socket, absl::Duration soon);

  Net& net_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_CALL_RUNNER_H_
