#include "testing/fault/faulty_conn.h"

#include <cerrno>
#include <utility>

#include "absl/algorithm/container.h"
#include "backends/fake/probes.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/scope.h"

namespace plumb {
namespace {

FaultEnds Reversed(FaultEnds ends) {
  std::swap(ends.from, ends.to);
  return ends;
}

// Closes it so that its peer reads of a reset, where it can.
void ResetConn(Conn& inner) {
  if (auto* tcp = Extension<TcpControl>(inner)) {
    tcp->SetLinger(absl::ZeroDuration()).IgnoreError();
  }
  inner.Close().IgnoreError();
}

}  // namespace

std::shared_ptr<const CallNames> NamesOf(Conn& inner) {
  CancelScope ended;
  ended.Cancel();
  const ErrorInfo info =
      GetErrorInfo(inner.WaitReadable()).value_or(ErrorInfo());
  return std::make_shared<CallNames>(
      CallNames{info.network, info.source, info.addr});
}

FaultyConn::FaultyConn(FaultContext context, FaultEnds ends,
                       std::unique_ptr<Conn> inner)
    : context_(std::move(context)),
      ends_(std::move(ends)),
      stream_(IsStream(ends_.network)),
      inner_(std::move(inner)),
      inner_peeker_(plumb::Extension<Peeker>(*inner_)),
      inner_handles_(plumb::Extension<HandlePassing>(*inner_)),
      calls_(std::make_shared<FaultCalls>(context_.faults->clock(),
                                          NamesOf(*inner_))),
      out_(std::make_shared<FaultLink>(context_.faults, ends_)),
      in_(std::make_shared<FaultLink>(context_.faults, Reversed(ends_))),
      sender_(std::make_shared<FaultSender>(context_.faults, stream_,
                                            SenderHooks())),
      receiver_(context_.faults, stream_, !context_.judge_received, calls_,
                {[this](size_t size, FaultPiece* piece) {
                   return ReadInner(size, piece);
                 },
                 [inner = inner_, calls = calls_,
                  stream = stream_](absl::string_view rule) {
                   // Of a message its sender would hear, who is elsewhere.
                   if (!stream) return;
                   calls->Reset(rule);
                   ResetConn(*inner);
                 },
                 context_.remark}),
      subscription_(SubscribeTo(*context_.faults, calls_, sender_)),
      probe_(context_, plumb::Extension<ConnProbe>(*inner_), calls_, sender_,
             receiver_, kWaitRoom),
      entry_(context_.faults, ends_) {}

FaultSender::Hooks FaultyConn::SenderHooks() {
  FaultSender::Hooks hooks;
  hooks.send = [inner = inner_,
                passing = inner_handles_](const FaultPiece& piece) {
    if (piece.packet.segment == FaultSegment::kEnd) return inner->CloseWrite();
    if (piece.handles == nullptr) return inner->Write(piece.data);
    return passing->WriteWithHandles(piece.data, HandleNumbers(piece.handles));
  };
  hooks.waits = [inner = inner_] {
    return BlockedInside(*inner, Direction::kWrite) > 0;
  };
  hooks.reset = [inner = inner_, calls = calls_,
                 stream = stream_](absl::string_view rule) {
    if (!stream) return calls->Fail(ECONNREFUSED, rule);
    calls->Reset(rule);
    ResetConn(*inner);
  };
  hooks.room = [calls = calls_] { calls->state().Signal(Direction::kWrite); };
  hooks.finish = [inner = inner_] { inner->Close().IgnoreError(); };
  hooks.remark = context_.remark;
  return hooks;
}

absl::Status FaultyConn::ShutInner() {
  const bool messages = ends_.network == FaultNetwork::kUdp ||
                        ends_.network == FaultNetwork::kUnixgram;
  if (messages) return inner_->CloseWrite();
  if (calls_->was_reset()) {
    return ErrnoError(calls_->Info("close"), "shutdown", ENOTCONN);
  }
  if (shut_.exchange(true)) {
    return sender_->idle() ? inner_->CloseWrite() : absl::OkStatus();
  }
  const FaultVerdict verdict = sender_->Offer(Out(FaultSegment::kEnd, sent_, 0),
                                              [](FaultPiece&) { return true; });
  return verdict.passes() ? inner_->CloseWrite() : absl::OkStatus();
}

absl::Status FaultyConn::CloseWrite() {
  CallState& state = calls_->state();
  if (!state.Enter()) return ClosedError(calls_->Info("close"));
  absl::Status status = ShutInner();
  state.Leave();
  return status;
}

bool FaultyConn::OwesPeer() {
  if (calls_->was_reset() || !sender_->error().ok()) return false;
  if (ends_.network != FaultNetwork::kUdp &&
      ends_.network != FaultNetwork::kUnixgram && !shut_.exchange(true)) {
    sender_->Offer(Out(FaultSegment::kEnd, sent_, 0),
                   [](FaultPiece&) { return true; });
  }
  return !sender_->idle();
}

absl::Status FaultyConn::Close() {
  // The first closer may have freed this when a second one returns.
  const std::shared_ptr<FaultCalls> calls = calls_;
  if (!calls->BeginClose()) return ClosedError(calls->Info("close"));
  context_.faults->Unsubscribe(subscription_);
  calls->state().Close();
  absl::Status status;
  if (calls->was_reset()) {
    sender_->Stop();
  } else if (ends_.network == FaultNetwork::kTcp && receiver_.HasData()) {
    // As the kernel does it with what nobody has read.
    ResetConn(*inner_);
    sender_->Stop();
  } else if (OwesPeer()) {
    context_.linger->Take(sender_,
                          [inner = inner_] { inner->Close().IgnoreError(); });
  } else {
    status = inner_->Close();
    // The reset has closed it.
    if (calls->was_reset()) status = absl::OkStatus();
    sender_->Stop();
  }
  receiver_.Clear();
  calls->state().Done();
  calls->Closed();
  return status;
}

absl::Status FaultyConn::SetDeadline(Direction direction, absl::Time when) {
  CallState& state = calls_->state();
  if (!state.Enter()) return ClosedError(calls_->SetInfo());
  state.SetDeadline(direction, when);
  absl::Status status = inner_->SetDeadline(direction, when);
  if (calls_->was_reset()) status = absl::OkStatus();
  state.Leave();
  return status;
}

int FaultyConn::BlockedCalls(Direction direction) const {
  return BlockedInside(*inner_, direction) + calls_->state().Blocked(direction);
}

void* FaultyConn::Extension(absl::string_view name) {
  const absl::string_view allowed[] = {
      MessageTraits::kExtensionName, TcpControl::kExtensionName,
      ReadCloser::kExtensionName, BufferControl::kExtensionName,
      PeerCredentials::kExtensionName};
  if (name == BlockedProbe::kExtensionName) {
    return static_cast<BlockedProbe*>(this);
  }
  if (name == Peeker::kExtensionName && inner_peeker_ != nullptr) {
    return static_cast<Peeker*>(this);
  }
  if (name == HandlePassing::kExtensionName && inner_handles_ != nullptr) {
    return static_cast<HandlePassing*>(this);
  }
  if (name == ConnProbe::kExtensionName) return probe_.Offer();
  return absl::c_linear_search(allowed, name) ? inner_->Extension(name)
                                              : nullptr;
}

}  // namespace plumb
