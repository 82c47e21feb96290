#include "testing/capture/datagram_tracer.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "testing/capture/ip_packet.h"
#include "testing/capture/user_packet.h"
#include "transport/error.h"

namespace plumb {
namespace {

IpPort IpPortOf(const Addr& addr) { return {addr.ip(), addr.port()}; }

std::string NameOf(const Addr& addr) {
  return addr.has_value() ? addr.ToString() : "@";
}

}  // namespace

void DatagramTracer::Sent(const Addr& to, absl::string_view data) {
  const Addr from = LocalFor(to);
  Sight sight{host_, PacketDirection::kOutbound, state_->Now(), ""};
  SystemMutexLock lock(&state_->mutex);
  const uint64_t hash = DatagramHash(from, to, data);
  if (state_->datagrams.SeenBefore(hash, DatagramSide::kSent)) return;
  Add(from, to, data, sight);
}

void DatagramTracer::Received(const Addr& from, absl::string_view data,
                              size_t full_size) {
  const Addr to = LocalFor(from);
  std::string comment;
  if (full_size > data.size()) {
    comment = absl::StrCat("read with a buffer of ", data.size(), " of its ",
                           full_size, " bytes");
  }
  Sight sight{host_, PacketDirection::kInbound, state_->Now(), comment};
  SystemMutexLock lock(&state_->mutex);
  // What was cut is not what was sent, so that nobody can tell.
  const uint64_t hash = DatagramHash(from, to, data);
  if (comment.empty() &&
      state_->datagrams.SeenBefore(hash, DatagramSide::kReceived)) {
    return;
  }
  Add(from, to, data, sight);
}

void DatagramTracer::Failed(const Addr& remote, const absl::Status& status) {
  if (IsEof(status) || IsClosed(status) || IsTimeout(status) ||
      IsCancelledCall(status)) {
    return;
  }
  Sight sight{host_, PacketDirection::kUnknown, state_->Now(), ""};
  SystemMutexLock lock(&state_->mutex);
  state_->store.AddNote(sight, NameOf(local_), NameOf(remote),
                        status.message());
}

void DatagramTracer::Add(const Addr& from, const Addr& to,
                         absl::string_view data, const Sight& sight) {
  packet_.clear();
  LinkType link_type = LinkType::kRawIp;
  if (!to.is_ip() && !from.is_ip()) {
    link_type = LinkType::kUser0;
    const std::string from_name = NameOf(from), to_name = NameOf(to);
    UserPacket packet;
    packet.kind = UserPacketKind::kDatagram;
    packet.network = to.has_value() ? to.network() : from.network();
    packet.from = from_name;
    packet.to = to_name;
    packet.data = data;
    AppendUserPacket(packet, &packet_);
  } else if (protocol_.has_value()) {
    AppendIp(from.ip(), to.ip(), *protocol_, data, &packet_);
  } else {
    AppendUdp(IpPortOf(from), IpPortOf(to), data, &packet_);
  }
  state_->store.Add(sight, link_type, packet_);
}

Addr DatagramTracer::LocalFor(const Addr& remote) const {
  if (!local_.is_ip() || !remote.ip().IsLoopback()) return local_;
  if (local_.ip().is_valid() && !local_.ip().IsUnspecified()) return local_;
  // The kernel chooses by the route, and only loopback's is known everywhere.
  const IpAddr loopback =
      remote.ip().is_v4() ? IpAddr::LoopbackV4() : IpAddr::LoopbackV6();
  return protocol_.has_value() ? Addr::RawIp(loopback)
                               : Addr::Udp(loopback, local_.port());
}

}  // namespace plumb
