#include "testing/differential/waiting_call.h"

#include <utility>

#include "transport/clock.h"
#include "transport/sleep.h"

namespace plumb {

WaitingCall::WaitingCall(std::function<void()> call)
    : thread_([this, call = std::move(call)] {
        const CancelScope scope(cancel_);
        call();
        done_.store(true);
      }) {}

WaitingCall::~WaitingCall() {
  if (!thread_.joinable()) return;
  Cancel();
  Join();
}

void WaitingCall::Join() { thread_.join(); }

bool Eventually(absl::FunctionRef<bool()> condition, absl::Duration limit) {
  const MonotonicNanos start = Clock::Real().MonotonicNow();
  for (int i = 0; !condition(); ++i) {
    if (i < 20) {
      std::this_thread::yield();
      continue;
    }
    if (absl::Nanoseconds(Clock::Real().MonotonicNow() - start) > limit) {
      return false;
    }
    plumb::SleepFor(absl::Microseconds(i < 200 ? 20 : 500)).IgnoreError();
  }
  return true;
}

}  // namespace plumb
