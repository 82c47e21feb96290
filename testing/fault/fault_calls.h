// What the calls on one decorated connection share: their turns, deadlines and
// end, a way to get them out of what is decorated, and the failure that a rule
// made up for them.
//
// A call that goes into the inner connection does so in a CancelScope of
// Source(direction), which it takes before it looks at Check: whoever has news
// for it then ends the inner call by Kick, and it looks again.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_FAULT_CALLS_H_
#define PLUMB_TESTING_FAULT_FAULT_CALLS_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/event.h"
#include "transport/extension.h"
#include "transport/extensions.h"
#include "transport/scope.h"
#include "transport/system_mutex.h"

namespace plumb {

class FaultCalls {
 public:
  FaultCalls(Clock& clock, std::shared_ptr<const CallNames> names)
      : state_(clock, std::move(names)) {}
  FaultCalls(const FaultCalls&) = delete;
  FaultCalls& operator=(const FaultCalls&) = delete;

  CallState& state() { return state_; }
  const CallState& state() const { return state_; }
  ErrorInfo Info(absl::string_view op) const {
    return NamedInfo(op, state_.names().get());
  }

  // As Go has it, "set" names this end alone.
  ErrorInfo SetInfo() const;

  CancelSource Source(Direction direction) const;
  void Kick(Direction direction);

  // Why `call` is not to go on: it ended, or Close has begun. OK when it is.
  absl::Status Check(Call& call, absl::string_view op) const;

  // The connection was reset by `rule`: its next Read or Write says so once,
  // and later ones find the end of the stream and a broken pipe.
  void Reset(absl::string_view rule);
  // The next Read or Write fails with `error`, once.
  void Fail(int error, absl::string_view rule);
  bool was_reset() const;
  // Whether a Read would not wait, because of the above.
  bool failed() const;
  // The error of the above for a Read or Write; OK when there is none.
  absl::Status TakeFailure(Direction direction);

  // For Close: true for the first. The others wait for Closed.
  bool BeginClose();
  void Closed();

 private:
  CallState state_;
  Event closed_;
  mutable SystemMutex mutex_;
  CancelSource reads_ ABSL_GUARDED_BY(mutex_);
  CancelSource writes_ ABSL_GUARDED_BY(mutex_);
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  bool was_reset_ ABSL_GUARDED_BY(mutex_) = false;
  int error_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string rule_ ABSL_GUARDED_BY(mutex_);
};

// How many calls wait in what is decorated, a Conn, PacketConn or Listener.
template <typename Inner>
int BlockedInside(Inner& inner, Direction direction) {
  auto* const probe = Extension<BlockedProbe>(inner);
  return probe == nullptr ? 0 : probe->BlockedCalls(direction);
}

// Suspends for as long as a rule has it; returns call.ok().
bool PauseFor(Call& call, Clock& clock, absl::Duration duration);

// The error of an errno that `rule` made up.
absl::Status InjectedError(ErrorInfo info, absl::string_view syscall, int error,
                           absl::string_view rule);

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_CALLS_H_
