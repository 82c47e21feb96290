// Runs a script on a Net.
//
//   const Trace fake = RunScript(*fake_net, script, nullptr);
//   const Trace real = RunScript(*kernel_net, script, &fake);
//
// One step is done after the other, each when all that was sent before has
// arrived, so that a trace is the same each time. Whether a
// call would wait is asked of the socket, or seen, and a call that waits is
// ended by a deadline and told as such. What did not wait in `expected` and is
// not there yet is awaited for some seconds; a call that begins in one step and
// ends in another is, too.
//
// Threads: one; calls that may wait have one of their own.
#ifndef PLUMB_TESTING_DIFFERENTIAL_WORLD_H_
#define PLUMB_TESTING_DIFFERENTIAL_WORLD_H_

#include "testing/differential/net.h"
#include "testing/differential/script.h"
#include "testing/differential/trace.h"

namespace plumb {

Trace RunScript(Net& net, const Script& script, const Trace* expected);
// The same with nothing expected, up to the first step that comes to something
// else than in `other`: the trace is as long as that.
Trace RunUntilDifferent(Net& net, const Script& script, const Trace& other);

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_WORLD_H_
