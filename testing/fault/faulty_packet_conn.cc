#include "testing/fault/faulty_packet_conn.h"

#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "backends/fake/probes.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/multicast.h"
#include "transport/scope.h"

namespace plumb {
namespace {

// How many peers are remembered; with one more all are forgotten. What has come
// from them is then counted anew, and chance falls as it did.
constexpr size_t kPeers = 4096;

std::shared_ptr<const CallNames> NamesOf(PacketConn& inner) {
  CancelScope ended;
  ended.Cancel();
  InPacket packet;
  const ErrorInfo info =
      GetErrorInfo(inner.ReadBatch(absl::MakeSpan(&packet, 1)).status())
          .value_or(ErrorInfo());
  return std::make_shared<CallNames>(
      CallNames{info.network, info.source, info.addr});
}

FaultSender::Hooks HooksFor(const FaultContext& context,
                            const std::shared_ptr<PacketConn>& inner,
                            PacketHandlePassing* passing,
                            const std::shared_ptr<FaultCalls>& calls) {
  FaultSender::Hooks hooks;
  hooks.remark = context.remark;
  hooks.send = [inner, passing](const FaultPiece& piece) {
    if (piece.handles == nullptr) return inner->WriteTo(piece.data, piece.addr);
    return passing->WriteToWithHandles(piece.data, piece.addr,
                                       HandleNumbers(piece.handles));
  };
  hooks.waits = [inner] {
    return BlockedInside(*inner, Direction::kWrite) > 0;
  };
  // udp(7): only a connected socket hears of it.
  hooks.reset = [](absl::string_view) {};
  hooks.room = [calls] { calls->state().Signal(Direction::kWrite); };
  hooks.finish = [inner] { inner->Close().IgnoreError(); };
  return hooks;
}

}  // namespace

FaultyPacketConn::FaultyPacketConn(FaultContext context, FaultNetwork network,
                                   std::unique_ptr<PacketConn> inner)
    : context_(std::move(context)),
      network_(network),
      flow_(std::make_shared<FaultFlow>()),
      inner_(std::move(inner)),
      inner_handles_(plumb::Extension<PacketHandlePassing>(*inner_)),
      calls_(std::make_shared<FaultCalls>(context_.faults->clock(),
                                          NamesOf(*inner_))),
      sender_(std::make_shared<FaultSender>(
          context_.faults, false,
          HooksFor(context_, inner_, inner_handles_, calls_))),
      receiver_(context_.faults, false, !context_.judge_received, calls_,
                {[this](size_t, FaultPiece* piece) { return ReadInner(piece); },
                 [](absl::string_view) {}, context_.remark}),
      subscription_(SubscribeTo(*context_.faults, calls_, sender_)),
      probe_(context_, plumb::Extension<ConnProbe>(*inner_), calls_, sender_,
             receiver_, 0),
      entry_(context_.faults,
             context_.Ends(network_, inner_->LocalAddr(), Addr())) {}

FaultyPacketConn::Way& FaultyPacketConn::WayOf(Ways& ways, const Addr& peer) {
  if (ways.last != nullptr && ways.last->peer == peer) return *ways.last;
  auto it = ways.all.find(peer);
  if (it == ways.all.end()) {
    if (ways.all.size() >= kPeers) ways.all.clear();
    it = ways.all.emplace(peer, std::make_unique<Way>()).first;
    it->second->peer = peer;
  }
  ways.last = it->second.get();
  return *ways.last;
}

const std::shared_ptr<FaultLink>& FaultyPacketConn::LinkOf(
    Way& way, Direction direction) const {
  if (way.link != nullptr) return way.link;
  FaultEnds ends;
  ends.network = network_;
  ends.from = context_.Here(inner_->LocalAddr());
  ends.to = context_.There(way.peer);
  ends.flow = flow_;
  if (direction == Direction::kRead) std::swap(ends.from, ends.to);
  way.link = std::make_shared<FaultLink>(context_.faults, std::move(ends));
  return way.link;
}

absl::Status FaultyPacketConn::EndedError(const Call& call,
                                          const Addr& to) const {
  const std::shared_ptr<const CallNames>& names = calls_->state().names();
  ErrorInfo info = NamedInfo("write", names.get());
  info.addr = to;
  if (call.ok()) return ClosedError(std::move(info));
  return CallError(call.outcome(), std::move(info));
}

absl::StatusOr<size_t> FaultyPacketConn::WriteBatch(
    absl::Span<const OutPacket> packets) {
  return WriteAll(packets, {});
}

absl::Status FaultyPacketConn::WriteToWithHandles(
    absl::string_view data, const Addr& to, absl::Span<const int> handles) {
  const OutPacket packet = {data, to};
  return WriteAll(absl::MakeConstSpan(&packet, 1), handles).status();
}

absl::StatusOr<size_t> FaultyPacketConn::WriteAll(
    absl::Span<const OutPacket> packets, absl::Span<const int> handles) {
  const std::shared_ptr<FaultCalls> calls = calls_;
  Call call(calls->state(), Direction::kWrite);
  const Addr to = packets.empty() ? Addr() : packets[0].to;
  if (!call.ok()) {
    ErrorInfo info = calls->Info("write");
    info.addr = to;
    return CallError(call.outcome(), std::move(info));
  }
  if (packets.empty()) return size_t{0};
  const CancelSource source = calls->Source(Direction::kWrite);
  if (!calls->Check(call, "write").ok()) return EndedError(call, to);
  absl::StatusOr<size_t> written = size_t{1};
  if (context_.Plain()) {
    CancelScope kicked(source);
    if (handles.empty()) {
      written = inner_->WriteBatch(packets);
    } else if (absl::Status s = WriteInner(packets[0], handles); !s.ok()) {
      written = s;
    }
    sent_ += written.value_or(1);
  } else {
    // Counted before any rule, so that none shifts those that follow.
    const uint64_t ordinal = sent_++;
    int64_t unlimited;
    absl::Status status = entry_.Enter(call, calls->state().names(),
                                       FaultOperation::kWrite, 0, &unlimited);
    if (!status.ok()) {
      // Close may have freed this.
      if (call.inside()) sender_->Refuse(Out(packets[0], ordinal));
      return status;
    }
    CancelScope kicked(source);
    status = WriteJudged(packets[0], handles, ordinal);
    if (!status.ok()) written = status;
  }
  if (IsCancelledCall(written.status()) && source.cancelled()) {
    return EndedError(call, to);
  }
  return written;
}

absl::Status FaultyPacketConn::WriteInner(const OutPacket& packet,
                                          absl::Span<const int> handles) {
  if (handles.empty()) return inner_->WriteTo(packet.data, packet.to);
  return inner_handles_->WriteToWithHandles(packet.data, packet.to, handles);
}

absl::StatusOr<SharedHandles> FaultyPacketConn::CopyOutgoing(
    const OutPacket& packet, absl::Span<const int> handles) const {
  if (handles.empty()) return SharedHandles();
  ErrorInfo info = calls_->Info("write");
  info.addr = packet.to;
  return CopyHandles(false, handles, info);
}

FaultPiece FaultyPacketConn::Out(const OutPacket& packet, uint64_t ordinal) {
  FaultPiece piece;
  piece.link = LinkOf(WayOf(out_, packet.to), Direction::kWrite);
  piece.packet.position = ordinal;
  piece.packet.size = packet.data.size();
  piece.addr = packet.to;
  return piece;
}

absl::Status FaultyPacketConn::WriteJudged(const OutPacket& packet,
                                           absl::Span<const int> handles,
                                           uint64_t ordinal) {
  FaultPiece piece = Out(packet, ordinal);
  absl::StatusOr<SharedHandles> copies = CopyOutgoing(packet, handles);
  const absl::Status copied = copies.status();
  if (absl::IsInvalidArgument(copied)) {
    sender_->Refuse(piece);
    return copied;
  }
  // Without room for the copies it can go at once all the same.
  const auto fill = [&](FaultPiece& kept) {
    if (!copies.ok()) return false;
    kept.handles = *std::move(copies);
    kept.data = std::string(packet.data);
    return true;
  };
  const FaultVerdict verdict = sender_->Offer(std::move(piece), fill);
  if (!verdict.passes()) return copied;
  if (verdict.changes.empty()) return WriteInner(packet, handles);
  std::string changed(packet.data);
  ApplyChanges(verdict, &changed);
  return WriteInner({changed, packet.to}, handles);
}

absl::Status FaultyPacketConn::Close() {
  // The first closer may have freed this when a second one returns.
  const std::shared_ptr<FaultCalls> calls = calls_;
  if (!calls->BeginClose()) return ClosedError(calls->Info("close"));
  context_.faults->Unsubscribe(subscription_);
  calls->state().Close();
  absl::Status status;
  if (sender_->idle()) {
    status = inner_->Close();
    sender_->Stop();
  } else {
    context_.linger->Take(sender_,
                          [inner = inner_] { inner->Close().IgnoreError(); });
  }
  receiver_.Clear();
  calls->state().Done();
  calls->Closed();
  return status;
}

absl::Status FaultyPacketConn::SetDeadline(Direction direction,
                                           absl::Time when) {
  CallState& state = calls_->state();
  if (!state.Enter()) return ClosedError(calls_->SetInfo());
  state.SetDeadline(direction, when);
  absl::Status status = inner_->SetDeadline(direction, when);
  state.Leave();
  return status;
}

int FaultyPacketConn::BlockedCalls(Direction direction) const {
  return BlockedInside(*inner_, direction) + calls_->state().Blocked(direction);
}

void* FaultyPacketConn::Extension(absl::string_view name) {
  const absl::string_view allowed[] = {MessageTraits::kExtensionName,
                                       BufferControl::kExtensionName,
                                       MulticastControl::kExtensionName};
  if (name == BlockedProbe::kExtensionName) {
    return static_cast<BlockedProbe*>(this);
  }
  if (name == PacketHandlePassing::kExtensionName &&
      inner_handles_ != nullptr) {
    return static_cast<PacketHandlePassing*>(this);
  }
  if (name == ConnProbe::kExtensionName) return probe_.Offer();
  return absl::c_linear_search(allowed, name) ? inner_->Extension(name)
                                              : nullptr;
}

}  // namespace plumb
