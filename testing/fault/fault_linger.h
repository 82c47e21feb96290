// What closed connections still have to send, until it is sent or the
// FaultTransport ends.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_FAULT_LINGER_H_
#define PLUMB_TESTING_FAULT_FAULT_LINGER_H_

#include <functional>
#include <iterator>
#include <list>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "testing/fault/fault_sender.h"
#include "transport/system_mutex.h"

namespace plumb {

class FaultLinger {
 public:
  FaultLinger() = default;
  ~FaultLinger() { End(); }
  FaultLinger(const FaultLinger&) = delete;
  FaultLinger& operator=(const FaultLinger&) = delete;

  // `close` ends what `sender` sends on.
  void Take(std::shared_ptr<FaultSender> sender, std::function<void()> close);
  // Drops what there is, and all that comes later at once.
  void End();

 private:
  struct Closing {
    std::shared_ptr<FaultSender> sender;
    std::function<void()> close;
  };

  static void Drop(const std::list<Closing>& closings);

  SystemMutex mutex_;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::list<Closing> closings_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_LINGER_H_
