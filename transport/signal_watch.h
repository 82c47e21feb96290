// Calls a function on a thread of its own when a signal comes, where it may do
// what a signal handler may not.
//
// For StopOnSignal and DumpFibersOnSignal.
//
// One object at a time for each signal; a second is a fatal error. It gives the
// signals back as they were.
#ifndef PLUMB_TRANSPORT_SIGNAL_WATCH_H_
#define PLUMB_TRANSPORT_SIGNAL_WATCH_H_

#include <csignal>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "transport/thread.h"

namespace plumb {

class SignalWatch {
 public:
  enum class Which {
    kEach,
    kFirst,  // the second has its default effect
  };

  // `owner` is whom a message before the end of the program names. Of signals
  // that come while `function` runs some may be told as one.
  SignalWatch(const char* owner, std::vector<int> signals, Which which,
              absl::AnyInvocable<void()> function);
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  // Waits for the function to return.
  ~SignalWatch();

 private:
  const int wake_fd_;
  std::vector<std::pair<int, struct sigaction>> before_;
  Thread thread_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_SIGNAL_WATCH_H_
