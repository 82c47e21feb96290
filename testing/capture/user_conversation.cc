#include "testing/capture/user_conversation.h"

#include <algorithm>

namespace plumb {
namespace {

// So that no packet is larger than tools take (tcpdump's 256 KiB).
constexpr size_t kMaxData = 128 * 1024;

}  // namespace

UserConversation::UserConversation(PacketStore& store, const Addr& dialler,
                                   const Addr& acceptor, bool messages,
                                   uint32_t number)
    : store_(store),
      network_(acceptor.has_value() ? acceptor.network() : dialler.network()),
      names_{dialler.ToString(), acceptor.ToString()},
      messages_(messages),
      number_(number) {}

void UserConversation::Open(int64_t dial_time, int64_t time,
                            absl::string_view comment) {
  Send(StreamEnd::kDialler, UserPacketKind::kOpen, "",
       SightOf(StreamEnd::kDialler, time, comment));
}

void UserConversation::Data(StreamEnd from, DataCursor data, size_t size,
                            int64_t time) {
  do {
    const size_t part = std::min(size, kMaxData);
    size -= part;
    Send(from, UserPacketKind::kData, data.Take(part, &scratch_),
         SightOf(from, time));
    if (!messages_) sent_[Index(from)] += part;
  } while (size > 0);
  if (messages_) ++sent_[Index(from)];
}

void UserConversation::End(StreamEnd from, int64_t time) {
  Send(from, UserPacketKind::kEnd, "", SightOf(from, time));
}

void UserConversation::Reset(StreamEnd from, int64_t time,
                             absl::string_view comment) {
  Send(from, UserPacketKind::kReset, "", SightOf(from, time, comment));
}

void UserConversation::Send(StreamEnd from, UserPacketKind kind,
                            absl::string_view data, const Sight& sight) {
  UserPacket packet;
  packet.kind = kind;
  packet.backwards = from == StreamEnd::kAcceptor;
  packet.conversation = number_;
  packet.offset = sent_[Index(from)];
  packet.network = network_;
  packet.from = names_[Index(from)];
  packet.to = names_[Index(OtherEnd(from))];
  packet.data = data;
  packet_.clear();
  AppendUserPacket(packet, &packet_);
  store_.Add(sight, LinkType::kUser0, packet_);
}

}  // namespace plumb
