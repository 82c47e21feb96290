#include "backends/fake/wire_link.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/time/time.h"

namespace plumb {
namespace {

// As Linux has them: tcp_retries2, TCP_RTO_MIN and TCP_RTO_MAX.
constexpr int kRepetitions = 15;
constexpr absl::Duration kFirstRepetition = absl::Milliseconds(200);
constexpr absl::Duration kLongestRepetition = absl::Seconds(120);

absl::Duration RepetitionAfter(int attempt) {
  return std::min(kFirstRepetition * (int64_t{1} << attempt),
                  kLongestRepetition);
}

// What a packet of IPv4 can have at most: its length is a field of 16 bits.
constexpr size_t kMaxIpv4 = 65535;

// The MTU (of Ethernet, and of the loopback) without the headers of IP and of
// tcp.
uint16_t MaxSegment(Packet::Protocol protocol, const WireLink::End& near,
                    const WireLink::End& far) {
  if (protocol != Packet::Protocol::kTcp) return 0;
  const size_t mtu = near.host == far.host ? 65536 : 1500;
  const size_t packet =
      near.addr.ip().is_v6() ? mtu - 40 : std::min(mtu, kMaxIpv4) - 20;
  return static_cast<uint16_t>(packet - 20);
}

// What a segment carries: beside it there are tcp's timestamps.
size_t SegmentSize(uint16_t mss) { return mss != 0 ? mss - 12 : 64 * 1024; }

// What the field of a SYN can say, which is not scaled.
constexpr size_t kMaxFirstWindow = 65535;

// There is no randomness here, but different connections begin differently.
uint32_t FirstSequence(uint64_t flow, int side) {
  return static_cast<uint32_t>((flow * 2 + static_cast<uint64_t>(side)) *
                               uint64_t{0x9e3779b1});
}

}  // namespace

WireLink::WireLink(std::shared_ptr<Wire> wire, Packet::Protocol protocol,
                   End near, End far)
    : wire_(std::move(wire)),
      protocol_(protocol),
      flow_(wire_->NewFlow()),
      mss_(MaxSegment(protocol, near, far)),
      segment_(SegmentSize(mss_)) {
  sides_[0].end = std::move(near);
  sides_[1].end = std::move(far);
  for (int side = 0; side < 2; ++side) {
    sides_[side].first_sequence = FirstSequence(flow_->number(), side);
    sides_[side].limit =
        std::min(sides_[side].end.receive_buffer, kMaxFirstWindow);
  }
}

// The SYN and the FIN count as a byte each, which `offset` leaves out.
Packet WireLink::Make(int from, uint8_t flags) const {
  const Side& side = sides_[from];
  const Side& other = sides_[1 - from];
  Packet packet;
  packet.protocol = protocol_;
  packet.flow = flow_->number();
  packet.side = static_cast<uint8_t>(from);
  packet.source = side.end.addr;
  packet.source_host = side.end.host;
  packet.destination = other.end.addr;
  packet.destination_host = other.end.host;
  packet.flags = flags;
  packet.offset = side.offset.load();
  packet.sequence = side.first_sequence + 1 +
                    static_cast<uint32_t>(packet.offset) +
                    (side.ended.load() ? 1 : 0);
  if ((flags & Packet::kAck) != 0) {
    packet.acknowledgment =
        other.first_sequence + 1 + static_cast<uint32_t>(Taken(from));
  }
  packet.window = WindowAfter(from, side.received.load());
  return packet;
}

uint32_t WireLink::WindowAfter(int side, uint64_t acknowledged) const {
  const uint64_t limit = sides_[side].limit.load();
  if (limit <= acknowledged) return 0;
  return static_cast<uint32_t>(
      std::min<uint64_t>(limit - acknowledged, UINT32_MAX));
}

void WireLink::Widen(int side) {
  const auto receiver = receiver_.lock();
  if (receiver == nullptr) return;
  Side& me = sides_[side];
  me.limit.store(
      std::max(me.limit.load(), me.received.load() + receiver->Window(side)));
}

uint64_t WireLink::Taken(int side) const {
  return sides_[side].received.load() + (sides_[side].got_end.load() ? 1 : 0);
}

Packet WireLink::Syn(int attempt) const {
  Packet packet = Make(0, Packet::kSyn);
  packet.sequence = sides_[0].first_sequence;
  packet.mss = mss_;
  packet.attempt = attempt;
  return packet;
}

Packet WireLink::SynAck(size_t receive_buffer) {
  sides_[1].limit.store(std::min(receive_buffer, kMaxFirstWindow));
  Packet packet = Make(1, Packet::kSyn | Packet::kAck);
  packet.sequence = sides_[1].first_sequence;
  packet.mss = mss_;
  return packet;
}

Packet WireLink::Refusal() const {
  Packet packet = Make(1, Packet::kRst | Packet::kAck);
  packet.sequence = 0;
  packet.window = 0;
  return packet;
}

std::shared_ptr<WireLink::Lane> WireLink::LaneFrom(int side) {
  return std::make_shared<Lane>(weak_from_this(), flow_, side);
}

void WireLink::Attach(std::weak_ptr<StreamReceiver> receiver) {
  receiver_ = std::move(receiver);
}

void WireLink::SendData(int side, std::string data) {
  absl::string_view rest = data;
  while (!rest.empty()) {
    const absl::string_view piece = rest.substr(0, segment_);
    rest.remove_prefix(piece.size());
    const uint8_t push = rest.empty() ? Packet::kPsh : 0;
    const Packet packet = Make(side, Packet::kAck | push);
    sides_[side].offset.fetch_add(piece.size());
    if (wire_->IsObserved() && NeedsRoom(side)) {
      wire_->Note(Make(1 - side, Packet::kAck), LaneFrom(1 - side));
    }
    wire_->Send(packet, std::string(piece), LaneFrom(side));
  }
}

void WireLink::SendEnd(int side) {
  wire_->Send(Make(side, Packet::kFin | Packet::kAck), "", LaneFrom(side));
  sides_[side].ended.store(true);
}

void WireLink::SendReset(int side, int error) {
  sides_[side].reset_error.store(error);
  wire_->Send(Make(side, Packet::kRst | Packet::kAck), "", LaneFrom(side));
}

bool WireLink::Lane::Leave(Packet& packet) {
  const auto link = link_.lock();
  return link == nullptr || link->Leave(from_, packet);
}

absl::string_view WireLink::Lane::Land(const Packet& packet) {
  const auto link = link_.lock();
  return link != nullptr ? link->Land(from_, packet) : absl::string_view();
}

void WireLink::Lane::Lose(const Packet& packet, absl::string_view rule) {
  const auto link = link_.lock();
  // A lost RST is not repeated.
  if (link == nullptr || packet.Has(Packet::kRst)) return;
  link->Repeat(from_, packet, rule);
}

void WireLink::Lane::Reset(const Packet&, absl::string_view rule) {
  const auto link = link_.lock();
  const auto receiver = link != nullptr ? link->receiver_.lock() : nullptr;
  if (receiver == nullptr) return;
  link->wire_->Note(link->Make(1 - from_, Packet::kRst | Packet::kAck));
  link->wire_->Note(link->Make(from_, Packet::kRst | Packet::kAck));
  receiver->LandReset(from_, ECONNRESET, rule);
  receiver->LandReset(1 - from_, ECONNRESET, rule);
}

bool WireLink::NeedsRoom(int from) const {
  return protocol_ == Packet::Protocol::kTcp &&
         sides_[from].offset.load() > sides_[1 - from].limit.load();
}

// Whoever has read what came may send before it is acknowledged, and has
// acknowledged it then.
bool WireLink::Leave(int from, Packet& packet) {
  if (protocol_ != Packet::Protocol::kTcp) return true;
  Side& side = sides_[from];
  const uint32_t first = sides_[1 - from].first_sequence + 1;
  if (packet.flags == Packet::kAck && packet.payload.empty()) {
    const auto news =
        static_cast<int32_t>(packet.acknowledgment - first -
                             static_cast<uint32_t>(side.acknowledged));
    const bool wanted = NeedsRoom(1 - from);
    if (news <= 0 && !wanted) return false;
    side.acknowledged =
        wanted ? Taken(from) : side.acknowledged + static_cast<uint64_t>(news);
  } else {
    side.acknowledged = Taken(from);
  }
  Widen(from);
  packet.acknowledgment = first + static_cast<uint32_t>(side.acknowledged);
  packet.window = WindowAfter(from, side.acknowledged);
  return true;
}

absl::string_view WireLink::Land(int from, const Packet& packet) {
  const auto receiver = receiver_.lock();
  if (receiver == nullptr) return absl::string_view();
  const int to = 1 - from;
  if (packet.Has(Packet::kRst)) {
    receiver->LandReset(to, sides_[from].reset_error.load(),
                        absl::string_view());
    return absl::string_view();
  }
  const uint64_t before = Taken(to);
  Take(to, packet, *receiver);
  if (protocol_ == Packet::Protocol::kTcp) {
    // What changed nothing is acknowledged again, as TCP does.
    wire_->Note(Make(to, Packet::kAck),
                Taken(to) > before ? LaneFrom(to) : nullptr);
  }
  return absl::string_view();
}

void WireLink::Take(int to, const Packet& packet, StreamReceiver& receiver) {
  Side& side = sides_[to];
  const bool end = packet.Has(Packet::kFin);
  if (packet.offset > side.received.load()) {
    side.early[packet.offset] = {std::string(packet.payload), end};
    return;
  }
  // What comes twice is thrown away, a FIN too: it has come before.
  if (packet.offset < side.received.load() || side.got_end.load()) return;
  Advance(to, packet.payload, end, receiver);
  while (!side.early.empty() &&
         side.early.begin()->first <= side.received.load()) {
    const auto next = side.early.begin();
    const bool fits = next->first == side.received.load();
    const Early early = std::move(next->second);
    side.early.erase(next);
    if (fits) Advance(to, early.data, early.end, receiver);
  }
}

void WireLink::Advance(int to, absl::string_view data, bool end,
                       StreamReceiver& receiver) {
  Side& side = sides_[to];
  side.received.fetch_add(data.size());
  if (!data.empty()) receiver.LandData(to, data);
  if (end && !side.got_end.exchange(true)) receiver.LandEnd(to);
}

void WireLink::Repeat(int from, const Packet& packet, absl::string_view rule) {
  const auto receiver = receiver_.lock();
  if (receiver == nullptr) return;
  if (packet.attempt >= kRepetitions) {
    wire_->CallAfter(RepetitionAfter(packet.attempt),
                     [weak = receiver_, from, rule = std::string(rule)] {
                       const auto lost = weak.lock();
                       if (lost != nullptr) {
                         lost->LandReset(from, ETIMEDOUT, rule);
                       }
                     });
    return;
  }
  Packet again = packet;
  ++again.attempt;
  wire_->CallAfter(RepetitionAfter(packet.attempt),
                   [weak = weak_from_this(), again, from,
                    payload = std::string(packet.payload)] {
                     const auto link = weak.lock();
                     if (link == nullptr) return;
                     link->wire_->Send(again, payload, link->LaneFrom(from));
                   });
}

}  // namespace plumb
