#include "testing/capture/capture_observer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "testing/capture/ip_packet.h"
#include "testing/capture/user_packet.h"
#include "transport/system_mutex.h"

namespace plumb {
namespace {

// The window of a header counts units of 128 bytes: 8 MiB at most.
constexpr uint8_t kWindowScale = 7;
constexpr uint32_t kWindowUnit = 1 << kWindowScale;
constexpr uint32_t kMaxWindowField = 65535;
// On a real clock everything takes some microseconds.
constexpr absl::Duration kWorthTelling = absl::Milliseconds(1);

IpPort IpPortOf(const Addr& addr) { return {addr.ip(), addr.port()}; }

// A part of a unit counts as one, as on Linux: only a window that is closed is
// 0.
uint16_t WindowField(const Packet& packet) {
  const uint32_t unit = packet.Has(Packet::kSyn) ? 1 : kWindowUnit;
  const uint32_t units = packet.window / unit + (packet.window % unit != 0);
  return static_cast<uint16_t>(std::min(units, kMaxWindowField));
}

TcpSegment SegmentOf(const Packet& packet) {
  TcpSegment segment;
  segment.from = IpPortOf(packet.source);
  segment.to = IpPortOf(packet.destination);
  segment.seq = packet.sequence;
  segment.ack = packet.acknowledgment;
  segment.flags = packet.flags;
  segment.window = WindowField(packet);
  if (packet.Has(Packet::kSyn)) {
    segment.mss = packet.mss;
    segment.window_scale = kWindowScale;
  }
  return segment;
}

UserPacketKind KindOf(const Packet& packet) {
  if (packet.protocol == Packet::Protocol::kUnixgram) {
    return UserPacketKind::kDatagram;
  }
  if (packet.Has(Packet::kSyn)) return UserPacketKind::kOpen;
  if (packet.Has(Packet::kRst)) return UserPacketKind::kReset;
  if (packet.Has(Packet::kFin)) return UserPacketKind::kEnd;
  return UserPacketKind::kData;
}

std::string NameOf(const Addr& addr) {
  return addr.has_value() ? addr.ToString() : "@";
}

std::string DropText(const PacketEvent& event) {
  if (event.kind != PacketEvent::Kind::kDropped) return "";
  if (event.cause.empty()) return "dropped";
  return event.by_rule ? absl::StrCat("rule '", event.cause, "' dropped it")
                       : absl::StrCat("dropped: ", event.cause);
}

// Behind "held".
std::string HolderText(const PacketEvent& event) {
  if (event.cause.empty()) return "";
  return event.by_rule ? absl::StrCat(" by rule '", event.cause, "'")
                       : absl::StrCat(": ", event.cause);
}

// "rules 'a', 'b' delayed it"; nothing when none did that.
void AppendChanges(absl::Span<const PacketChange> changes,
                   PacketChange::Kind kind, absl::string_view verb,
                   std::string* text) {
  int count = 0;
  for (const PacketChange& change : changes) count += change.kind == kind;
  if (count == 0) return;
  absl::StrAppend(text, text->empty() ? "" : "; ",
                  count == 1 ? "rule" : "rules");
  absl::string_view separator = " '";
  for (const PacketChange& change : changes) {
    if (change.kind != kind) continue;
    absl::StrAppend(text, separator, change.rule, "'");
    separator = ", '";
  }
  absl::StrAppend(text, " ", verb, " it");
}

}  // namespace

void CaptureObserver::OnPacket(const PacketEvent& event) {
  SystemMutexLock lock(&state_->mutex);
  switch (event.kind) {
    case PacketEvent::Kind::kSent:
      return OnSent(event);
    case PacketEvent::Kind::kChanged:
      return OnChanged(event);
    case PacketEvent::Kind::kHeld:
      return OnHeld(event);
    case PacketEvent::Kind::kDropped:
    case PacketEvent::Kind::kDelivered:
      return OnEnd(event);
  }
}

void CaptureObserver::OnSent(const PacketEvent& event) {
  const Packet& packet = event.packet;
  PacketStore& store = state_->store;
  packet_.clear();
  const LinkType link_type = Encode(packet);
  const bool out = !packet.source_host.empty();
  Sight sight;
  sight.host =
      store.AddHost(out ? packet.source_host : packet.destination_host);
  sight.direction =
      out ? PacketDirection::kOutbound : PacketDirection::kInbound;
  sight.time = absl::ToUnixNanos(event.time);
  if (packet.attempt > 0) {
    sight.comment = "sent again";
  } else if (sent_.count(packet.id) > 0) {
    sight.comment = "a copy";
  }
  store.NameAddress(packet.source.ip(), packet.source_host);
  store.NameAddress(packet.destination.ip(), packet.destination_host);
  Sent sent;
  sent.pending = store.AddLater(sight, link_type, packet_);
  sent.time = event.time;
  sent_.emplace(packet.id, std::move(sent));
}

// Of copies it is told right after each is sent.
void CaptureObserver::OnChanged(const PacketEvent& event) {
  const auto range = sent_.equal_range(event.packet.id);
  if (range.first == range.second) return;
  const PendingId pending = std::prev(range.second)->second.pending;
  using Kind = PacketChange::Kind;
  text_.clear();
  for (const auto& [kind, verb] : {std::pair(Kind::kDelayed, "delayed"),
                                   std::pair(Kind::kDuplicated, "duplicated"),
                                   std::pair(Kind::kCorrupted, "corrupted")}) {
    AppendChanges(event.changes, kind, verb, &text_);
  }
  state_->store.Remark(pending, text_);
}

void CaptureObserver::OnHeld(const PacketEvent& event) {
  const auto range = sent_.equal_range(event.packet.id);
  if (range.first == range.second) return;
  Sent& sent = range.first->second;
  sent.held_since = std::min(sent.held_since, event.time);
  sent.holder = HolderText(event);
  state_->store.SetState(sent.pending, absl::StrCat("held", sent.holder));
}

void CaptureObserver::OnEnd(const PacketEvent& event) {
  const auto range = sent_.equal_range(event.packet.id);
  if (range.first == range.second) return;
  const Sent sent = std::move(range.first->second);
  sent_.erase(range.first);
  std::string comment = DropText(event);
  if (sent.held_since <= event.time) {
    const std::string held = absl::StrCat(
        "held ", absl::FormatDuration(event.time - sent.held_since),
        sent.holder);
    comment = absl::StrCat(held, comment.empty() ? "" : "; ", comment);
  } else if (event.time - sent.time >= kWorthTelling && comment.empty()) {
    comment = absl::StrCat("arrived after ",
                           absl::FormatDuration(event.time - sent.time));
  }
  state_->store.AddNow(sent.pending, comment);
}

LinkType CaptureObserver::Encode(const Packet& packet) {
  switch (packet.protocol) {
    case Packet::Protocol::kTcp:
      AppendTcp(SegmentOf(packet), packet.payload, &packet_);
      return LinkType::kRawIp;
    case Packet::Protocol::kUdp:
      AppendUdp(IpPortOf(packet.source), IpPortOf(packet.destination),
                packet.payload, &packet_);
      return LinkType::kRawIp;
    case Packet::Protocol::kUnix:
    case Packet::Protocol::kUnixgram:
    case Packet::Protocol::kUnixpacket:
      break;
  }
  EncodeUnix(packet);
  return LinkType::kUser0;
}

void CaptureObserver::EncodeUnix(const Packet& packet) {
  const std::string from = NameOf(packet.source);
  const std::string to = NameOf(packet.destination);
  UserPacket user;
  user.kind = KindOf(packet);
  if (packet.protocol != Packet::Protocol::kUnixgram) {
    user.backwards = packet.side == 1;
    user.conversation = static_cast<uint32_t>(packet.flow + 1);
    user.offset = packet.protocol == Packet::Protocol::kUnix ? packet.offset
                                                             : packet.ordinal;
  }
  user.network = packet.destination.has_value() ? packet.destination.network()
                                                : packet.source.network();
  user.from = from;
  user.to = to;
  user.data = packet.payload;
  AppendUserPacket(user, &packet_);
}

}  // namespace plumb
