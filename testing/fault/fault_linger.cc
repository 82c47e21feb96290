#include "testing/fault/fault_linger.h"

#include <utility>

namespace plumb {

void FaultLinger::Take(std::shared_ptr<FaultSender> sender,
                       std::function<void()> close) {
  std::list<Closing> over;
  {
    SystemMutexLock lock(&mutex_);
    for (auto it = closings_.begin(); it != closings_.end();) {
      const auto next = std::next(it);
      if (it->sender->done()) over.splice(over.end(), closings_, it);
      it = next;
    }
    auto& list = ended_ ? over : closings_;
    list.push_back({sender, std::move(close)});
  }
  sender->Linger();
  Drop(over);
}

void FaultLinger::End() {
  std::list<Closing> over;
  {
    SystemMutexLock lock(&mutex_);
    ended_ = true;
    over.swap(closings_);
  }
  Drop(over);
}

void FaultLinger::Drop(const std::list<Closing>& closings) {
  for (const Closing& closing : closings) {
    closing.close();
    closing.sender->Stop();
  }
}

}  // namespace plumb
