#include "testing/capture/tcp_conversation.h"

#include <algorithm>

namespace plumb {
namespace {

constexpr uint16_t kWindow = 65535;
constexpr uint8_t kWindowScale = 10;
constexpr uint64_t kAssumedAckEvery = 256 * 1024;

// The four bytes that tell one conversation's numbers from another's; Knuth's
// multiplicative hash.
uint32_t FirstSeq(uint32_t number) { return number * 2654435761U; }

// The header of IPv6 is longer by so much.
constexpr size_t kLongerHeader = 20;

size_t SegmentSize(size_t mss, bool v6) {
  if (v6 && mss > kLongerHeader) mss -= kLongerHeader;
  return std::clamp<size_t>(mss, 1, kMaxTcpPayload);
}

}  // namespace

TcpConversation::TcpConversation(PacketStore& store, const IpPort& dialler,
                                 const IpPort& acceptor, size_t mss,
                                 uint32_t number)
    : store_(store),
      mss_(SegmentSize(mss, dialler.ip.is_v6() || acceptor.ip.is_v6())) {
  sides_[0].addr = dialler;
  sides_[0].first_seq = FirstSeq(2 * number + 1);
  sides_[1].addr = acceptor;
  sides_[1].first_seq = FirstSeq(2 * number + 2);
}

void TcpConversation::Open(int64_t dial_time, int64_t time,
                           absl::string_view comment) {
  Syn(StreamEnd::kDialler, dial_time, comment);
  Syn(StreamEnd::kAcceptor, time, "");
  Send(StreamEnd::kDialler, kTcpAck, "", SightOf(StreamEnd::kDialler, time));
}

void TcpConversation::OpenUnanswered(int64_t time, absl::string_view comment) {
  Syn(StreamEnd::kDialler, time, comment);
}

void TcpConversation::OpenRefused(int64_t dial_time, int64_t time,
                                  absl::string_view comment) {
  Syn(StreamEnd::kDialler, dial_time, "");
  Side& acceptor = side(StreamEnd::kAcceptor);
  acceptor.first_seq = static_cast<uint32_t>(-1);  // RFC 9293: the RST has 0
  Send(StreamEnd::kAcceptor, kTcpRst | kTcpAck, "",
       SightOf(StreamEnd::kAcceptor, time, comment));
}

void TcpConversation::Data(StreamEnd from, DataCursor data, size_t size,
                           int64_t time) {
  if (!host(from).has_value()) {
    Acknowledge(from, SentBy(OtherEnd(from)));
  }
  while (size > 0) {
    const size_t part = std::min(size, mss_);
    size -= part;
    const uint8_t flags = size == 0 ? kTcpAck | kTcpPsh : kTcpAck;
    Send(from, flags, data.Take(part, &scratch_), SightOf(from, time));
    side(from).sent += part;
    AssumeAcks(from, time);
  }
}

void TcpConversation::Read(StreamEnd by, uint64_t offset, bool and_end,
                           int64_t time) {
  const Side& other = side(OtherEnd(by));
  const bool ended = and_end && other.ended;
  Acknowledge(by, ended ? other.sent + 1 : offset);
  const uint64_t pending = side(by).acked - side(by).announced;
  if (ended || host(OtherEnd(by)).has_value() || pending >= kAssumedAckEvery) {
    SendAck(by, time);
  }
}

void TcpConversation::End(StreamEnd from, int64_t time) {
  const StreamEnd to = OtherEnd(from);
  const bool last = side(to).ended;
  if (last || !host(from).has_value()) Acknowledge(from, SentBy(to));
  Send(from, kTcpFin | kTcpAck, "", SightOf(from, time));
  side(from).ended = true;
  if (!last && host(to).has_value()) return;
  Acknowledge(to, SentBy(from));
  SendAck(to, time);
}

void TcpConversation::Reset(StreamEnd from, int64_t time,
                            absl::string_view comment) {
  Send(from, kTcpRst | kTcpAck, "", SightOf(from, time, comment));
}

void TcpConversation::Acknowledge(StreamEnd by, uint64_t offset) {
  side(by).acked = std::max(side(by).acked, offset);
}

void TcpConversation::SendAck(StreamEnd by, int64_t time) {
  if (side(by).acked == side(by).announced) return;
  Send(by, kTcpAck, "", SightOf(by, time));
}

void TcpConversation::AssumeAcks(StreamEnd from, int64_t time) {
  const StreamEnd to = OtherEnd(from);
  if (host(to).has_value()) return;
  if (SentBy(from) - side(to).acked < kAssumedAckEvery) return;
  Acknowledge(to, SentBy(from));
  SendAck(to, time);
}

void TcpConversation::Syn(StreamEnd from, int64_t time,
                          absl::string_view comment) {
  TcpSegment syn;
  syn.from = side(from).addr;
  syn.to = side(OtherEnd(from)).addr;
  syn.seq = side(from).first_seq;
  syn.flags = kTcpSyn;
  if (from == StreamEnd::kAcceptor) {
    syn.flags |= kTcpAck;
    syn.ack = side(StreamEnd::kDialler).first_seq + 1;
  }
  syn.window = kWindow;
  syn.mss = static_cast<uint16_t>(mss_);
  syn.window_scale = kWindowScale;
  packet_.clear();
  AppendTcp(syn, "", &packet_);
  store_.Add(SightOf(from, time, comment), LinkType::kRawIp, packet_);
}

void TcpConversation::Send(StreamEnd from, uint8_t flags,
                           absl::string_view payload, const Sight& sight) {
  Side& sender = side(from);
  const Side& receiver = side(OtherEnd(from));
  TcpSegment segment;
  segment.from = sender.addr;
  segment.to = receiver.addr;
  segment.seq = sender.first_seq + 1 + static_cast<uint32_t>(SentBy(from));
  segment.ack = receiver.first_seq + 1 + static_cast<uint32_t>(sender.acked);
  segment.flags = flags;
  segment.window = (flags & kTcpRst) != 0 ? 0 : kWindow;
  packet_.clear();
  AppendTcp(segment, payload, &packet_);
  store_.Add(sight, LinkType::kRawIp, packet_);
  sender.announced = sender.acked;
}

}  // namespace plumb
