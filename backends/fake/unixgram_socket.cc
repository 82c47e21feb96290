#include "backends/fake/unixgram_socket.h"

#include <cerrno>

#include "backends/fake/unix_names.h"

namespace plumb {
namespace {

// As for unixpacket the kernel takes this off the buffer for itself.
constexpr size_t kReserve = 32;

}  // namespace

size_t UnixgramSocket::MaxMessageSize() const {
  const size_t buffer = send_buffer_.load();
  return buffer > kReserve ? buffer - kReserve : 0;
}

int UnixgramSocket::Send(const Addr& to, Datagram& datagram) {
  std::shared_ptr<DatagramSink> sink = target_;
  if (sink == nullptr) {
    if (!to.has_value()) return EINVAL;
    if (to.network() != "unixgram") return EAFNOSUPPORT;
  }
  if (datagram.data.size() > MaxMessageSize()) return EMSGSIZE;
  if (disconnected_.load()) return ENOTCONN;
  if (sink == nullptr) {
    UnixNode node;
    const int error =
        FindUnixNode(host_, to.name(), UnixNode::Type::kDatagram, &node);
    if (error != 0) return error;
    sink = node.socket;
  }
  Wire* const wire = host_.network->wire.get();
  const std::string seen = wire != nullptr ? datagram.data : std::string();
  switch (sink->Deliver(local_, datagram, shared_state())) {
    case Verdict::kFull:
      return EAGAIN;
    case Verdict::kNotAllowed:
      return EPERM;
    case Verdict::kRefused:
      if (target_ != nullptr) Disconnect();
      return ECONNREFUSED;
    default:
      if (wire != nullptr) Note(*wire, to.has_value() ? to : peer(), seen);
      return 0;
  }
}

// The kernel finds out when it next sends.
void UnixgramSocket::Disconnect() {
  disconnected_.store(true);
  Purge();
}

// A name may have changed hands: it is the socket that counts.
bool UnixgramSocket::TakesFrom(const Addr&, const CallState* sender) const {
  return target_ == nullptr || disconnected_.load() || target_->IsOf(sender);
}

void UnixgramSocket::Note(Wire& wire, const Addr& to, absl::string_view data) {
  Packet packet;
  packet.protocol = Packet::Protocol::kUnixgram;
  packet.flow = flow_->number();
  packet.ordinal = sent_.fetch_add(1);
  packet.source = local_.has_value() ? local_ : Addr::Unnamed("unixgram");
  packet.destination = to;
  packet.source_host = packet.destination_host = host_.host->name;
  packet.payload = data;
  wire.Note(packet);
  wire.Run();
}

}  // namespace plumb
