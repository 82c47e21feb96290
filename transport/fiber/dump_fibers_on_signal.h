// Tells what the fibers wait for when a signal comes, while the program goes
// on:
//
//   int main() {
//     plumb::DumpFibersOnSignal dump(SIGQUIT);      // kill -QUIT
//     return plumb::RunMain([] { ... });
//   }
//
// Make it outside of the Runtime, as here: its destructor waits for a dump that
// is under way, and blocks its thread.
//
// One object at a time for each signal; a second is a fatal error. It keeps one
// thread, which ends with it, and gives the signal back as it was.
#ifndef PLUMB_TRANSPORT_FIBER_DUMP_FIBERS_ON_SIGNAL_H_
#define PLUMB_TRANSPORT_FIBER_DUMP_FIBERS_ON_SIGNAL_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "transport/signal_watch.h"

namespace plumb {

class DumpFibersOnSignal {
 public:
  // Writes DumpFibers() (dump_fibers.h) to stderr each time.
  explicit DumpFibersOnSignal(int signal);
  // Gives it to `write`, on its own thread.
  DumpFibersOnSignal(int signal,
                     absl::AnyInvocable<void(const std::string&)> write);
  DumpFibersOnSignal(const DumpFibersOnSignal&) = delete;
  DumpFibersOnSignal& operator=(const DumpFibersOnSignal&) = delete;
  ~DumpFibersOnSignal();

 private:
  SignalWatch watch_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FIBER_DUMP_FIBERS_ON_SIGNAL_H_
