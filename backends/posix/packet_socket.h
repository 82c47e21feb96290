// A PacketConn on an unconnected datagram socket, whatever its family.
//
//   auto packets = std::make_unique<PacketSocket>(
//       clock, std::move(descriptor),
//       std::make_shared<CallNames>(CallNames{"udp", local, Addr()}),
//       PacketSocketKind{"udp", AF_INET6, 65507});
//
// Unstable: for backends; it may change with any release.
//
// Threads, errors: as for PacketConn. Extensions: MessageTraits, BlockedProbe,
// NativeHandle, BufferControl.
#ifndef PLUMB_BACKENDS_POSIX_PACKET_SOCKET_H_
#define PLUMB_BACKENDS_POSIX_PACKET_SOCKET_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/batch_ops.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket_object.h"
#include "transport/addr.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/extensions.h"
#include "transport/packet_conn.h"

namespace plumb {

struct PacketSocketKind {
  const char* addr_network;     // what the Addrs say, a literal
  int family;                   // AF_INET, AF_INET6, AF_UNIX
  size_t max_message_size = 0;  // 0: what the send buffer holds
};

class PacketSocket : public PacketConn,
                     public SocketObject,
                     public MessageTraits {
 public:
  // `descriptor` is bound and non-blocking; `names` has the network and the
  // local address.
  PacketSocket(Clock& clock, plumb::Descriptor descriptor,
               std::shared_ptr<const CallNames> names, PacketSocketKind kind);
  ~PacketSocket() override;

  using PacketConn::SetDeadline;
  absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket> packets) override;
  absl::StatusOr<size_t> WriteBatch(
      absl::Span<const OutPacket> packets) override;
  absl::Status Close() override;
  Addr LocalAddr() const override { return names().source; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override;
  void* Extension(absl::string_view name) override;

  size_t MaxMessageSize() const override;
  bool EmptyMessages() const override { return true; }

 protected:
  // Sets `address` to the kernel's form of where a packet goes. Errors: a cause
  // for ForOp.
  absl::Status SetDestination(const Addr& to, SockAddr& address) const;
  Addr AddressOf(const SockAddr& from) const {
    return from.ToAddr(kind_.addr_network);
  }
  // Runs `op`, pausing where readiness tells nothing.
  bool RunSend(Call& call, SocketOp& op) const;
  // The error of a call that sent nothing to `to`. Touches nothing of the
  // object.
  static absl::Status SendError(const Call& call, const Addr& to);
  ErrorInfo WriteInfo(const Addr& to) const;

 private:
  absl::StatusOr<size_t> ReadOne(Call& call, InPacket& packet);
  absl::StatusOr<size_t> WriteOne(Call& call, const OutPacket& packet);
  absl::StatusOr<size_t> WriteMany(Call& call,
                                   absl::Span<const OutPacket> packets);

  const PacketSocketKind kind_;
  // Of the one who has the turn; made by the first batch of more than one.
  std::unique_ptr<MessageBatch> incoming_;
  std::unique_ptr<MessageBatch> outgoing_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_PACKET_SOCKET_H_
