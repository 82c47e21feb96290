// The ConnProbe of what a FaultTransport opens around a fake network: what has
// come is taken in and judged, as the next Read would do it, so that what a
// rule delays or holds is not there yet.
//
// Threads: any method at any time.
#ifndef PLUMB_TESTING_FAULT_FAULT_PROBE_H_
#define PLUMB_TESTING_FAULT_FAULT_PROBE_H_

#include <cstddef>
#include <memory>

#include "backends/fake/probes.h"
#include "testing/fault/fault_calls.h"
#include "testing/fault/fault_receiver.h"
#include "testing/fault/fault_sender.h"
#include "transport/call.h"

namespace plumb {

// What there is to read.
struct FaultLook {
  // No rule is asked: as the connection inside has it.
  static FaultLook Inside() { return {true, false, false}; }

  bool inside = false;
  bool can_read = false;
  bool ended = false;
};

class FaultProbe final : public ConnProbe {
 public:
  class Owner {
   public:
    // `call` has the turn to read. What TakeIn gives, or FaultLook::Inside.
    virtual FaultLook Look(Call& call) = 0;

   protected:
    ~Owner() = default;
  };

  // `inner` is that of the connection inside, null when it has none.
  FaultProbe(Owner& owner, ConnProbe* inner, std::shared_ptr<FaultCalls> calls,
             std::shared_ptr<FaultSender> sender);

  // Itself, as an extension; null when there is none inside.
  void* Offer();

  // For Owner::Look.
  FaultLook TakeIn(Call& call, FaultReceiver& receiver, size_t size) const;

  bool CanRead() const override;
  bool IsClosedByPeer() const override;
  size_t BytesInFlight() const override;

 private:
  FaultLook Ask() const;

  Owner& owner_;
  ConnProbe* const inner_;
  const std::shared_ptr<FaultCalls> calls_;
  const std::shared_ptr<FaultSender> sender_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_PROBE_H_
