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
#include "testing/fault/fault_context.h"
#include "testing/fault/fault_receiver.h"
#include "testing/fault/fault_sender.h"
#include "transport/call.h"

namespace plumb {

class FaultProbe final : public ConnProbe {
 public:
  // `inner` is that of the connection inside, null when it has none. `receiver`
  // is of who has the turn to read, and takes in `room` bytes at a time.
  // `context` and `receiver` outlive the connection's calls.
  FaultProbe(const FaultContext& context, ConnProbe* inner,
             std::shared_ptr<FaultCalls> calls,
             std::shared_ptr<FaultSender> sender, FaultReceiver& receiver,
             size_t room);

  // Itself, as an extension; null when there is none inside.
  void* Offer();

  bool CanRead() const override;
  bool IsClosedByPeer() const override;
  // A piece that waits for room in the connection inside counts as a whole.
  size_t BytesInFlight() const override;

 private:
  // What there is to read.
  struct Look {
    bool can_read = false;
    bool ended = false;
  };
  Look Ask() const;
  // `call` has the turn to read.
  Look TakeIn(Call& call) const;

  const FaultContext& context_;
  ConnProbe* const inner_;
  const std::shared_ptr<FaultCalls> calls_;
  const std::shared_ptr<FaultSender> sender_;
  FaultReceiver& receiver_;
  const size_t room_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULT_PROBE_H_
