#include "backends/fake/seqpacket_tap.h"

namespace plumb {

std::unique_ptr<SeqpacketTap> SeqpacketTap::Make(const HostRef& host,
                                                 const Addr& near,
                                                 const Addr& far) {
  const Wire* const wire = host.network->wire.get();
  if (wire == nullptr || !wire->IsObserved()) return nullptr;
  return std::unique_ptr<SeqpacketTap>(new SeqpacketTap(host, near, far));
}

SeqpacketTap::SeqpacketTap(const HostRef& host, const Addr& near,
                           const Addr& far)
    : wire_(host.network->wire),
      flow_(wire_->NewFlow()),
      host_(host.host->name),
      ends_{near.has_value() ? near : Addr::Unnamed("unixpacket"), far} {}

void SeqpacketTap::Open() {
  Note(0, Packet::kSyn, "");
  Note(1, Packet::kSyn | Packet::kAck, "");
}

void SeqpacketTap::Data(int side, absl::string_view message) {
  Note(side, Packet::kPsh | Packet::kAck, message);
  ++messages_[side];
}

void SeqpacketTap::Note(int side, int flags, absl::string_view message) {
  Packet packet;
  packet.protocol = Packet::Protocol::kUnixpacket;
  packet.flow = flow_->number();
  packet.side = static_cast<uint8_t>(side);
  packet.source = ends_[side];
  packet.destination = ends_[1 - side];
  packet.source_host = packet.destination_host = host_;
  packet.ordinal = messages_[side];
  packet.flags = static_cast<uint8_t>(flags);
  packet.payload = message;
  wire_->Note(packet);
}

}  // namespace plumb
