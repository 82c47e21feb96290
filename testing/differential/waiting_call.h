// A call that may wait, on a thread of its own, so that it can be seen to wait
// and be ended.
//
//   WaitingCall call([&] { status = conn->Write(data); });
//   WaitUntil([&] { return call.done() || Waits(*conn); }, "done or blocked");
//   if (!call.done()) conn->SetDeadline(absl::Time());
//   call.Join();
//
// Threads: that of its maker.
#ifndef PLUMB_TESTING_DIFFERENTIAL_WAITING_CALL_H_
#define PLUMB_TESTING_DIFFERENTIAL_WAITING_CALL_H_

#include <atomic>
#include <functional>
#include <thread>

#include "transport/scope.h"

namespace plumb {

class WaitingCall {
 public:
  explicit WaitingCall(std::function<void()> call);
  // Ends the call and awaits it.
  ~WaitingCall();

  bool done() const { return done_.load(); }
  // Ends it with IsCancelledCall.
  void Cancel() { cancel_.Cancel(); }
  void Join();

 private:
  CancelSource cancel_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_DIFFERENTIAL_WAITING_CALL_H_
