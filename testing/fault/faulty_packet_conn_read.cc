// What comes in: ReadBatch, ReadFromWithHandles.
#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "testing/fault/faulty_packet_conn.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/handle_checks.h"
#include "transport/scope.h"

namespace plumb {
namespace {

// For a datagram, unless the longest that can be sent from here is longer.
constexpr size_t kMessageRoom = 256 * 1024;

}  // namespace

absl::StatusOr<size_t> FaultyPacketConn::ReadBatch(
    absl::Span<InPacket> packets) {
  if (packets.empty()) {
    if (calls_->state().closed()) return ClosedError(calls_->Info("read"));
    return size_t{0};
  }
  Call call(calls_->state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  const auto plain = ReadPlain<size_t>(call, [&] {
    absl::StatusOr<size_t> n = inner_->ReadBatch(packets);
    for (const InPacket& packet : packets.first(n.value_or(0))) {
      CountPlain(packet.received);
    }
    return n;
  });
  if (plain.has_value()) return *plain;
  if (absl::Status s = AwaitDue(call); !s.ok()) return s;
  return TakeDue(packets);
}

absl::StatusOr<PacketHandlePassing::Incoming>
FaultyPacketConn::ReadFromWithHandles(absl::Span<char> buffer,
                                      size_t max_handles) {
  Call call(calls_->state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  auto plain = ReadPlain<Incoming>(
      call, [&] { return ReadPlainHandles(buffer, max_handles); });
  if (plain.has_value()) return *std::move(plain);
  if (absl::Status s = AwaitDue(call); !s.ok()) return s;
  SharedHandles came = receiver_.Show().handles;
  InPacket packet;
  packet.buffer = buffer;
  const absl::StatusOr<size_t> n = TakeDue(absl::MakeSpan(&packet, 1));
  if (!n.ok()) return n.status();
  ErrorInfo info = calls_->Info("read");
  info.bytes_done = packet.received.size;
  info.addr = packet.received.from;
  absl::StatusOr<std::vector<Descriptor>> handles =
      TakeHandles(std::move(came), max_handles, info);
  if (!handles.ok()) return handles.status();
  return Incoming{std::move(packet.received), *std::move(handles)};
}

absl::StatusOr<PacketHandlePassing::Incoming>
FaultyPacketConn::ReadPlainHandles(absl::Span<char> buffer,
                                   size_t max_handles) {
  absl::StatusOr<Incoming> got =
      inner_handles_->ReadFromWithHandles(buffer, max_handles);
  const std::optional<Received> received =
      got.ok() ? got->received
               : ReceivedWithoutHandles(got.status(), buffer.size());
  if (received.has_value()) CountPlain(*received);
  return got;
}

template <typename T>
std::optional<absl::StatusOr<T>> FaultyPacketConn::ReadPlain(
    Call& call, absl::FunctionRef<absl::StatusOr<T>()> read) {
  while (receiver_.empty() && context_.Plain()) {
    const CancelSource source = calls_->Source(Direction::kRead);
    if (absl::Status s = calls_->Check(call, "read"); !s.ok()) return s;
    CancelScope kicked(source);
    absl::StatusOr<T> result = read();
    if (result.ok() || !IsCancelledCall(result.status())) return result;
  }
  return std::nullopt;
}

// A rule that comes later finds them counted.
void FaultyPacketConn::CountPlain(const Received& received) {
  ++WayOf(in_, received.from).packets;
}

absl::Status FaultyPacketConn::AwaitDue(Call& call) {
  int64_t unlimited;
  absl::Status status = entry_.Enter(call, calls_->state().names(),
                                     FaultOperation::kRead, 0, &unlimited);
  return status.ok() ? receiver_.Await(call, 0) : status;
}

absl::StatusOr<size_t> FaultyPacketConn::TakeDue(absl::Span<InPacket> packets) {
  size_t count = 0;
  // The first one was due when it was awaited, and stays so.
  while (count < packets.size() &&
         (count == 0 ? receiver_.StillDue() : receiver_.HasDue())) {
    FaultPiece piece = receiver_.Take();
    if (!piece.end.ok() && count == 0) return piece.end;
    if (!piece.end.ok()) {
      receiver_.PutBack(std::move(piece));
      break;
    }
    InPacket& packet = packets[count++];
    Received& got = packet.received;
    got.size = std::min(piece.data.size(), packet.buffer.size());
    got.full_size = piece.data.size() + piece.cut;
    got.from = piece.addr;
    if (got.size > 0) {
      std::memcpy(packet.buffer.data(), piece.data.data(), got.size);
    }
  }
  return count;
}

size_t FaultyPacketConn::MessageRoom() const {
  auto* const traits = plumb::Extension<MessageTraits>(*inner_);
  return traits == nullptr ? kMessageRoom
                           : std::max(kMessageRoom, traits->MaxMessageSize());
}

absl::Status FaultyPacketConn::ReadInner(FaultPiece* piece) {
  piece->data.resize(MessageRoom());
  const absl::StatusOr<Received> got =
      inner_handles_ == nullptr ? inner_->ReadFrom(absl::MakeSpan(piece->data))
                                : ReadInnerWithHandles(piece);
  piece->data.resize(got.ok() ? got->size : 0);
  piece->data.shrink_to_fit();
  Way& way = WayOf(in_, got.ok() ? got->from : Addr());
  piece->link = LinkOf(way, Direction::kRead);
  piece->packet.position = way.packets;
  piece->packet.size = piece->data.size();
  if (!got.ok()) return got.status();
  ++way.packets;
  piece->cut = got->full_size - got->size;
  piece->addr = got->from;
  return absl::OkStatus();
}

// Also for a ReadFrom that wants none: who reads it in the end nobody knows
// yet.
absl::StatusOr<Received> FaultyPacketConn::ReadInnerWithHandles(
    FaultPiece* piece) {
  absl::StatusOr<Incoming> got =
      inner_handles_->ReadFromWithHandles(absl::MakeSpan(piece->data));
  if (got.ok() && got->handles.empty()) return std::move(got->received);
  std::optional<Received> received =
      got.ok() ? std::move(got->received)
               : ReceivedWithoutHandles(got.status(), piece->data.size());
  if (!received.has_value()) return got.status();
  piece->handles = std::make_shared<FaultHandles>();
  piece->handles->lost = got.status();
  if (got.ok()) piece->handles->handles = std::move(got->handles);
  return *std::move(received);
}

}  // namespace plumb
