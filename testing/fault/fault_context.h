// What a FaultTransport gives to all that it opens.
#ifndef PLUMB_TESTING_FAULT_FAULT_CONTEXT_H_
#define PLUMB_TESTING_FAULT_FAULT_CONTEXT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "testing/fault/fault_flow.h"
#include "testing/fault/fault_linger.h"
#include "testing/fault/fault_network.h"
#include "testing/fault/fault_verdict.h"
#include "testing/fault/faults.h"
#include "transport/addr.h"
#include "transport/system_mutex.h"

namespace plumb {

// Counts what happened before under the same name. Threads: any.
class FaultOrdinals {
 public:
  uint64_t Next(const std::string& name) {
    SystemMutexLock lock(&mutex_);
    return counts_[name]++;
  }

 private:
  SystemMutex mutex_;
  std::map<std::string, uint64_t> counts_ ABSL_GUARDED_BY(mutex_);
};

struct FaultContext {
  // This end, as rules see it.
  FaultEnd Here(const Addr& addr) const { return {host, addr}; }
  // The other end, which `names` may know.
  FaultEnd There(const Addr& addr) const {
    const std::string place =
        addr.is_ip() ? addr.ip().ToString() : std::string(addr.name());
    const auto it = names.find(place);
    return {it == names.end() ? std::string() : it->second, addr};
  }
  // Of a connection between two addresses, in the direction from `here`.
  FaultEnds Ends(FaultNetwork network, const Addr& here,
                 const Addr& there) const {
    FaultEnds ends;
    ends.network = network;
    ends.from = Here(here);
    ends.to = There(there);
    ends.flow = std::make_shared<FaultFlow>();
    if (!here.is_ip()) {
      ends.instance = ordinals->Next(
          here.ToString() + "|" + (there.has_value() ? there.ToString() : ""));
    }
    return ends;
  }
  // Nothing is judged.
  bool Plain() const { return faults->empty(); }

  std::shared_ptr<Faults> faults;
  std::string host;
  std::map<std::string, std::string> names;  // of hosts, by address
  bool judge_received = true;
  std::function<void(absl::string_view remark)> remark;  // may be empty
  std::shared_ptr<FaultLinger> linger;
  std::shared_ptr<FaultOrdinals> ordinals = std::make_shared<FaultOrdinals>();
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_CONTEXT_H_
