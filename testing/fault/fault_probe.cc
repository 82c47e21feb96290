#include "testing/fault/fault_probe.h"

#include <utility>

#include "transport/direction.h"
#include "transport/gate.h"

namespace plumb {

FaultProbe::FaultProbe(const FaultContext& context, ConnProbe* inner,
                       std::shared_ptr<FaultCalls> calls,
                       std::shared_ptr<FaultSender> sender,
                       FaultReceiver& receiver, size_t room)
    : context_(context),
      inner_(inner),
      calls_(std::move(calls)),
      sender_(std::move(sender)),
      receiver_(receiver),
      room_(room) {}

void* FaultProbe::Offer() {
  return inner_ == nullptr ? nullptr : static_cast<ConnProbe*>(this);
}

FaultProbe::Look FaultProbe::TakeIn(Call& call) const {
  // A call that has ended takes nothing in, however much there is.
  bool ok = calls_->Check(call, "read").ok();
  while (ok && inner_->CanRead() && receiver_.TakeIn(call, room_)) {
    ok = calls_->Check(call, "read").ok();
  }
  receiver_.Rejudge(context_.faults->clock().TimeNow());
  Look look;
  look.ended = receiver_.HasEnded() || calls_->was_reset();
  look.can_read = !ok || look.ended || calls_->failed() || receiver_.HasDue();
  return look;
}

FaultProbe::Look FaultProbe::Ask() const {
  CallState& state = calls_->state();
  const Gate::Turn turn = state.EnterFor(Direction::kRead);
  if (turn == Gate::Turn::kClosed) return {true, false};
  // A Read waits there, which has taken in what there is.
  if (turn == Gate::Turn::kQueued) {
    state.Leave();
    return {false, false};
  }
  Call call(state, Direction::kRead, Call::HasTurn());
  if (!call.ok()) return {true, false};
  if (receiver_.empty() && context_.Plain()) {
    return {inner_->CanRead(), inner_->IsClosedByPeer()};
  }
  return TakeIn(call);
}

bool FaultProbe::CanRead() const { return Ask().can_read; }

bool FaultProbe::IsClosedByPeer() const { return Ask().ended; }

size_t FaultProbe::BytesInFlight() const {
  return sender_->bytes() + inner_->BytesInFlight();
}

}  // namespace plumb
