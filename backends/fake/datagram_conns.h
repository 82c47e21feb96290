// The Conn and the PacketConn on a DatagramSocket.
#ifndef PLUMB_BACKENDS_FAKE_DATAGRAM_CONNS_H_
#define PLUMB_BACKENDS_FAKE_DATAGRAM_CONNS_H_

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/fake/datagram_socket.h"
#include "backends/fake/lease.h"
#include "backends/fake/network_state.h"
#include "backends/fake/probes.h"
#include "transport/conn.h"
#include "transport/extensions.h"
#include "transport/handle_passing.h"
#include "transport/packet_conn.h"

namespace plumb {

// What both have in common. Extensions: MessageTraits, BufferControl,
// BlockedProbe, ConnProbe.
class DatagramObject : public MessageTraits,
                       public BufferControl,
                       public BlockedProbe,
                       public ConnProbe {
 public:
  size_t MaxMessageSize() const override { return socket_->MaxMessageSize(); }
  bool EmptyMessages() const override { return true; }
  absl::Status SetReadBuffer(int bytes) override;
  absl::Status SetWriteBuffer(int bytes) override;
  int BlockedCalls(Direction direction) const override;
  bool CanRead() const override { return socket_->Readable(); }
  bool IsClosedByPeer() const override { return false; }
  size_t BytesInFlight() const override { return socket_->BytesInFlight(); }

 protected:
  // Holds `lease` until CloseOnce, and shows the socket on `host` until then.
  DatagramObject(const HostRef& host, std::shared_ptr<DatagramSocket> socket,
                 Lease lease)
      : socket_(std::move(socket)),
        lease_(ShowWithLease(host, socket_.get(), std::move(lease))) {}
  ~DatagramObject() = default;

  DatagramSocket& socket() const { return *socket_; }
  CallState& state() const { return socket_->state(); }
  const CallNames& names() const { return *socket_->state().names(); }

  absl::Status CloseOnce();
  absl::Status ChangeDeadline(Direction direction, absl::Time when);
  // As Go has it: this end alone.
  ErrorInfo SetInfo() const;

 private:
  const std::shared_ptr<DatagramSocket> socket_;
  Lease lease_;
};

// Connected: the names of the socket's state have both ends. Extensions: also
// Peeker, and on unixgram HandlePassing.
class DatagramConn final : public Conn,
                           public DatagramObject,
                           public Peeker,
                           public HandlePassing {
 public:
  DatagramConn(const HostRef& host, std::shared_ptr<DatagramSocket> socket,
               Lease lease)
      : DatagramObject(host, std::move(socket), std::move(lease)) {}
  ~DatagramConn() override { (void)Close(); }

  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  absl::Status Write(absl::Span<const absl::string_view> pieces) override;
  absl::Status WaitReadable() override;
  absl::Status CloseWrite() override;
  absl::Status Close() override { return CloseOnce(); }
  Addr LocalAddr() const override { return names().source; }
  Addr RemoteAddr() const override { return names().addr; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return ChangeDeadline(direction, when);
  }
  void* Extension(absl::string_view name) override;

  absl::StatusOr<size_t> Peek(absl::Span<char> buffer) override;
  absl::Status WriteWithHandles(absl::string_view data,
                                absl::Span<const int> handles) override;
  absl::StatusOr<HandlePassing::Incoming> ReadWithHandles(
      absl::Span<char> buffer, size_t max_handles) override;

 private:
  // A Read by `look(received)`, which is as DatagramSocket::Receive.
  template <typename Look>
  absl::StatusOr<size_t> ReadBy(absl::Span<char> buffer, Look look);
  absl::Status WriteDatagram(Call& call, Datagram datagram);
};

// Extensions: on unixgram also PacketHandlePassing, on udp MulticastControl.
class FakePacketConn final : public PacketConn,
                             public DatagramObject,
                             public PacketHandlePassing {
 public:
  FakePacketConn(const HostRef& host, std::shared_ptr<DatagramSocket> socket,
                 Lease lease)
      : DatagramObject(host, std::move(socket), std::move(lease)) {}
  ~FakePacketConn() override { (void)Close(); }

  absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket> packets) override;
  absl::StatusOr<size_t> WriteBatch(
      absl::Span<const OutPacket> packets) override;
  absl::Status Close() override { return CloseOnce(); }
  Addr LocalAddr() const override { return names().source; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return ChangeDeadline(direction, when);
  }
  void* Extension(absl::string_view name) override;

  absl::Status WriteToWithHandles(absl::string_view data, const Addr& to,
                                  absl::Span<const int> handles) override;
  absl::StatusOr<PacketHandlePassing::Incoming> ReadFromWithHandles(
      absl::Span<char> buffer, size_t max_handles) override;

 private:
  ErrorInfo WriteInfo(const Addr& to) const;
  absl::Status WriteError(const Addr& to, absl::string_view syscall,
                          int error) const;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_FAKE_DATAGRAM_CONNS_H_
