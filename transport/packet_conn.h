// A PacketConn sends datagrams to anybody and receives them from anybody, at
// one local address.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<plumb::PacketConn> packets,
//                    transport.ListenPacket("udp", "127.0.0.1:0"));
//   char buffer[1500];
//   ASSIGN_OR_RETURN(plumb::Received got,
//                    packets->ReadFrom(absl::MakeSpan(buffer)));
//   RETURN_IF_ERROR(packets->WriteTo(absl::string_view(buffer, got.size),
//                                    got.from));
//
// Who makes one: Transport::ListenPacket. The caller owns it; it outlives the
// Transport.
//
// Threads, blocking and errors: as for Conn. Datagrams may be lost, duplicated
// and reordered, as the network does; each arrives whole or cut, never joined.
#ifndef PLUMB_TRANSPORT_PACKET_CONN_H_
#define PLUMB_TRANSPORT_PACKET_CONN_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/chars.h"
#include "transport/direction.h"
#include "transport/extension.h"

namespace plumb {

// What came with one datagram.
struct Received {
  size_t size = 0;       // bytes in the buffer
  size_t full_size = 0;  // bytes that were sent
  Addr from;             // no address from an unnamed unix socket

  // The datagram was longer than the buffer; the rest of it is lost.
  bool truncated() const { return full_size > size; }
};

// One datagram to receive: set `buffer`, read `received`.
struct InPacket {
  absl::Span<char> buffer;
  Received received;
};

// One datagram to send.
struct OutPacket {
  absl::string_view data;
  Addr to;
};

class PacketConn {
 public:
  PacketConn() = default;
  PacketConn(const PacketConn&) = delete;
  PacketConn& operator=(const PacketConn&) = delete;

  // Closes; see Conn::~Conn.
  virtual ~PacketConn() = default;

  // Suspends until there is a datagram, then takes as many as are there and
  // `packets` has room for; returns how many. An implementation may stop
  // earlier: on sockets at 64, here and in WriteBatch. An empty buffer takes a
  // datagram and drops its data. With no packets returns 0 at once.
  virtual absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket> packets) = 0;

  // Suspends until the first of `packets` is handed to the network, then sends
  // as many more as go without waiting; returns how many. An error means that
  // none went. Sending never waits for a receiver on udp; on unixgram a full
  // receiver makes it wait.
  virtual absl::StatusOr<size_t> WriteBatch(
      absl::Span<const OutPacket> packets) = 0;

  // As Conn::Close.
  virtual absl::Status Close() = 0;

  // Valid after Close as well.
  virtual Addr LocalAddr() const = 0;

  // As Conn::SetDeadline.
  virtual absl::Status SetDeadline(Direction direction, absl::Time when) = 0;

  // See extension.h; use plumb::Extension<T>(packets).
  virtual void* Extension(absl::string_view name) = 0;

  // Convenience, on top of the above.

  // Receives one datagram.
  absl::StatusOr<Received> ReadFrom(absl::Span<char> buffer) {
    InPacket packet;
    packet.buffer = buffer;
    absl::StatusOr<size_t> n = ReadBatch(absl::MakeSpan(&packet, 1));
    if (!n.ok()) return n.status();
    return packet.received;
  }
  // Sends one datagram.
  template <typename Chars, typename = EnableIfChars<Chars>>
  absl::Status WriteTo(const Chars& chars, const Addr& to) {
    const OutPacket packet = {AsStringView(chars), to};
    return WriteBatch(absl::MakeConstSpan(&packet, 1)).status();
  }
  absl::Status SetDeadline(absl::Time when) {
    return SetDeadline(Direction::kBoth, when);
  }
  absl::Status SetReadDeadline(absl::Time when) {
    return SetDeadline(Direction::kRead, when);
  }
  absl::Status SetWriteDeadline(absl::Time when) {
    return SetDeadline(Direction::kWrite, when);
  }
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_PACKET_CONN_H_
