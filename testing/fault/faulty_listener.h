// The Listeners of a FaultTransport.
#ifndef PLUMB_TESTING_FAULT_FAULTY_LISTENER_H_
#define PLUMB_TESTING_FAULT_FAULTY_LISTENER_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "testing/fault/fault_context.h"
#include "testing/fault/fault_entry.h"
#include "testing/fault/fault_network.h"
#include "transport/call.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/extensions.h"
#include "transport/forwarding.h"
#include "transport/listener.h"

namespace plumb {

class FaultyListener final : public ForwardingListener, private BlockedProbe {
 public:
  FaultyListener(FaultContext context, FaultNetwork network,
                 std::unique_ptr<Listener> inner);
  ~FaultyListener() override { Close().IgnoreError(); }

  void* Extension(absl::string_view name) override;

 private:
  int BlockedCalls(Direction direction) const override;
  absl::StatusOr<std::unique_ptr<Conn>> DoAccept() override;
  absl::Status DoSetDeadline(absl::Time when) override;
  absl::Status DoClose() override;
  // Waits and fails as rules have it.
  absl::Status EnterAccept();

  const FaultContext context_;
  const FaultNetwork network_;
  CallState state_;
  FaultEntry entry_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_FAULT_FAULTY_LISTENER_H_
