// Turns signals into a cancellation, so that a server leaves its blocking calls
// and cleans up:
//
//   int main() {
//     plumb::StopOnSignal stop({SIGINT, SIGTERM});
//     plumb::CancelScope scope(stop.source());
//     ...
//     while (true) {
//       auto conn = listener->Accept();
//       if (plumb::IsCancelledCall(conn.status())) break;
//
// The first of the signals cancels; the same signal again has its default
// effect, so that a program that hangs in its clean-up can still be
// interrupted.
//
// One object at a time for each signal; a second is a fatal error. It keeps one
// thread, which ends with it, and gives the signals back as they were.
#ifndef PLUMB_TRANSPORT_STOP_ON_SIGNAL_H_
#define PLUMB_TRANSPORT_STOP_ON_SIGNAL_H_

#include <initializer_list>

#include "transport/scope.h"
#include "transport/signal_watch.h"

namespace plumb {

class StopOnSignal {
 public:
  explicit StopOnSignal(std::initializer_list<int> signals);
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;

  // Cancelled when a signal comes.
  const CancelSource& source() const { return source_; }

 private:
  CancelSource source_;
  SignalWatch watch_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_STOP_ON_SIGNAL_H_
