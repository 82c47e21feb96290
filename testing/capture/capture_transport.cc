#include "testing/capture/capture_transport.h"

#include <optional>
#include <utility>

#include "testing/capture/capture_state.h"
#include "testing/capture/captured_conns.h"
#include "testing/capture/tcp_conversation.h"
#include "transport/error.h"
#include "transport/host_port.h"
#include "transport/ip_protocol.h"
#include "transport/network_name.h"

namespace plumb {
namespace {

// For diallers whose port is not known: those that the kernel gives out last.
constexpr uint16_t kMadeUpPort = 61000;

HostId AddHost(CaptureState& state, absl::string_view host) {
  SystemMutexLock lock(&state.mutex);
  return state.store.AddHost(host);
}

std::optional<uint8_t> ProtocolOf(absl::string_view network) {
  const NetworkName name = ParseNetworkName(network);
  if (name.base != "ip" || !name.protocol.has_value()) return std::nullopt;
  const absl::StatusOr<uint8_t> protocol = ParseIpProtocol(*name.protocol);
  return protocol.ok() ? std::optional<uint8_t>(*protocol) : std::nullopt;
}

// The peer has the name that was dialled, if it is one.
void NamePeer(CaptureState& state, const Addr& remote,
              absl::string_view dialled) {
  if (!remote.is_ip()) return;
  const absl::StatusOr<HostPort> parts = SplitHostPort(dialled);
  if (!parts.ok() || IpAddr::Parse(parts->host).ok()) return;
  SystemMutexLock lock(&state.mutex);
  state.store.NameAddress(remote.ip(), parts->host);
}

// A dial of a stream that came to nothing, as far as packets show that.
void RecordFailedDial(CaptureState& state, HostId host,
                      absl::string_view address, int64_t dial_time,
                      const absl::Status& status) {
  const ErrorInfo info = GetErrorInfo(status).value_or(ErrorInfo());
  const int64_t now = state.Now();
  SystemMutexLock lock(&state.mutex);
  const bool packets = info.addr.is_ip() && info.addr.port() != 0 &&
                       info.addr.network() != "udp" &&
                       info.addr.network() != "fakegram";
  if (!packets) {
    state.store.AddNote({host, PacketDirection::kUnknown, now, ""}, "", address,
                        status.message());
    return;
  }
  IpPort from = {info.source.ip(), info.source.port()};
  if (!from.ip.is_valid() && info.addr.ip().IsLoopback()) {
    from.ip = info.addr.ip();
  }
  const uint32_t number = state.streams.NextNumber();
  if (from.port == 0) {
    from.port = static_cast<uint16_t>(kMadeUpPort + number % 4000);
  }
  TcpConversation conversation(state.store, from,
                               {info.addr.ip(), info.addr.port()},
                               state.streams.mss(), number);
  conversation.SetHost(StreamEnd::kDialler, host);
  if (IsRefused(status)) {
    conversation.OpenRefused(dial_time, now, status.message());
  } else {
    conversation.OpenUnanswered(dial_time, status.message());
  }
}

}  // namespace

CaptureTransport::CaptureTransport(std::shared_ptr<Transport> inner,
                                   Capture& capture, absl::string_view host)
    : inner_(std::move(inner)),
      state_(capture.state()),
      host_(AddHost(*state_, host)) {}

CaptureTransport::CaptureTransport(Transport& inner, Capture& capture,
                                   absl::string_view host)
    : CaptureTransport(
          std::shared_ptr<Transport>(std::shared_ptr<void>(), &inner), capture,
          host) {}

absl::StatusOr<std::unique_ptr<Conn>> CaptureTransport::Dial(
    absl::string_view network, absl::string_view address,
    const DialOptions& options) {
  const int64_t dial_time = state_->Now();
  absl::StatusOr<std::unique_ptr<Conn>> conn =
      inner_->Dial(network, address, options);
  if (!conn.ok()) {
    RecordFailedDial(*state_, host_, address, dial_time, conn.status());
    return conn;
  }
  NamePeer(*state_, (*conn)->RemoteAddr(), address);
  return CaptureConn({state_, host_, ProtocolOf(network)}, *std::move(conn),
                     StreamEnd::kDialler, dial_time);
}

absl::StatusOr<std::unique_ptr<Listener>> CaptureTransport::Listen(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  absl::StatusOr<std::unique_ptr<Listener>> listener =
      inner_->Listen(network, address, options);
  if (!listener.ok()) return listener;
  return CaptureListener({state_, host_, ProtocolOf(network)},
                         *std::move(listener));
}

absl::StatusOr<std::unique_ptr<PacketConn>> CaptureTransport::ListenPacket(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  absl::StatusOr<std::unique_ptr<PacketConn>> packets =
      inner_->ListenPacket(network, address, options);
  if (!packets.ok()) return packets;
  return CapturePacketConn({state_, host_, ProtocolOf(network)},
                           *std::move(packets));
}

}  // namespace plumb
