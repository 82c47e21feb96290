#include "testing/differential/waiting_call.h"

#include <utility>

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

}  // namespace plumb
