// A Transport whose connections are seen by a Capture; it may be any other:
// real sockets, a host of a fake network, a decorator.
//
//   plumb::Capture capture;
//   plumb::CaptureTransport client(registry, capture, "client");
//   plumb::CaptureTransport server(registry, capture, "server");
//   ...
//   absl::Status written = capture.WriteFile("/tmp/test.pcapng");
//
// Each CaptureTransport is a host of the capture, with interfaces of its own.
// It sees calls, not packets, and the packets are made of those:
// - Dial is a handshake; one that was refused, a SYN and a RST; one that ended
//   otherwise, a SYN with the error as its comment; one without an address, a
//   note
// - Write is segments of at most CaptureOptions::tcp_mss, when it returns;
//   CloseWrite is a FIN; Close, a FIN, or a RST where unread data is known of
// - what only this end sees of the peer is a packet when it is read: data, FIN
//   at the end of the stream, RST with an error that says so
// - a failure for which there is no packet is a note; deadlines, scopes and an
//   own Close are none
//
// When both ends are seen by one Capture, through one CaptureTransport or two,
// each byte and each datagram is written once: where it was sent, as outbound.
// What is read shows as an acknowledgement. When only one end is seen, what
// comes in is inbound. For unix sockets without a name see stream_table.h.
//
// Two networks that use the same addresses, such as two FakeNetworks, need a
// Capture each, or their connections would be taken for one another.
//
// Extensions that go through: MessageTraits, TcpControl, ReadCloser, Peeker,
// BufferControl, PeerCredentials and HandlePassing of Conns, MessageTraits,
// BufferControl, MulticastControl and PacketHandlePassing of PacketConns,
// UdpListenerStats of Listeners. Of what is passed the bytes are seen, and not
// the handles that go along. Not NativeHandle: what goes past is not seen.
//
// Threads, lifetime and errors: as for Transport. Conns outlive the Capture.
#ifndef PLUMB_TESTING_CAPTURE_CAPTURE_TRANSPORT_H_
#define PLUMB_TESTING_CAPTURE_CAPTURE_TRANSPORT_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "testing/capture/capture.h"
#include "transport/conn.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

class CaptureTransport final : public Transport {
 public:
  // `host` is the name of the interfaces.
  CaptureTransport(std::shared_ptr<Transport> inner, Capture& capture,
                   absl::string_view host = "local");
  // `inner` must outlive this.
  CaptureTransport(Transport& inner, Capture& capture,
                   absl::string_view host = "local");

  using Transport::Dial;
  using Transport::Listen;
  using Transport::ListenPacket;
  absl::StatusOr<std::unique_ptr<Conn>> Dial(
      absl::string_view network, absl::string_view address,
      const DialOptions& options) override;
  absl::StatusOr<std::unique_ptr<Listener>> Listen(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override;
  absl::StatusOr<std::unique_ptr<PacketConn>> ListenPacket(
      absl::string_view network, absl::string_view address,
      const ListenOptions& options) override;

 private:
  const std::shared_ptr<Transport> inner_;
  const std::shared_ptr<CaptureState> state_;
  const size_t host_;
};

}  // namespace plumb

#endif  // PLUMB_TESTING_CAPTURE_CAPTURE_TRANSPORT_H_
