#include "testing/fault/fault_probe.h"

#include <utility>

#include "transport/direction.h"
#include "transport/gate.h"

namespace plumb {

FaultProbe::FaultProbe(Owner& owner, ConnProbe* inner,
                       std::shared_ptr<FaultCalls> calls,
                       std::shared_ptr<FaultSender> sender)
    : owner_(owner),
      inner_(inner),
      calls_(std::move(calls)),
      sender_(std::move(sender)) {}

void* FaultProbe::Offer() {
  return inner_ == nullptr ? nullptr : static_cast<ConnProbe*>(this);
}

FaultLook FaultProbe::TakeIn(Call& call, FaultReceiver& receiver,
                             size_t size) const {
  while (inner_->CanRead() && receiver.TakeIn(call, size)) {
  }
  FaultLook look;
  look.ended = receiver.HasEnded() || calls_->was_reset();
  look.can_read = look.ended || calls_->failed() || receiver.HasDue();
  return look;
}

FaultLook FaultProbe::Ask() const {
  CallState& state = calls_->state();
  FaultLook look;
  const Gate::Turn turn = state.EnterFor(Direction::kRead);
  if (turn == Gate::Turn::kClosed) {
    look.can_read = true;
    return look;
  }
  // A Read waits there, which has taken in what there is.
  if (turn == Gate::Turn::kQueued) {
    state.Leave();
    return look;
  }
  Call call(state, Direction::kRead, Call::HasTurn());
  if (call.ok()) return owner_.Look(call);
  look.can_read = true;
  return look;
}

bool FaultProbe::CanRead() const {
  const FaultLook look = Ask();
  return look.inside ? inner_->CanRead() : look.can_read;
}

bool FaultProbe::IsClosedByPeer() const {
  const FaultLook look = Ask();
  return look.inside ? inner_->IsClosedByPeer() : look.ended;
}

size_t FaultProbe::BytesInFlight() const {
  return sender_->bytes() + inner_->BytesInFlight();
}

}  // namespace plumb
