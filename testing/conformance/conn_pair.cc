#include "testing/conformance/conn_pair.h"

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "transport/listener.h"

namespace plumb {
namespace {

class PacketEnd final : public Conn {
 public:
  PacketEnd(std::unique_ptr<PacketConn> packets, Addr peer)
      : packets_(std::move(packets)), peer_(std::move(peer)) {}
  ~PacketEnd() override { Close().IgnoreError(); }

  using Conn::SetDeadline;
  using Conn::Write;

  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override {
    absl::StatusOr<Received> received = packets_->ReadFrom(buffer);
    if (!received.ok()) return received.status();
    return received->size;
  }
  absl::Status Write(absl::Span<const absl::string_view> pieces) override {
    return packets_->WriteTo(absl::StrJoin(pieces, ""), peer_);
  }
  absl::Status WaitReadable() override {
    return absl::UnimplementedError("WaitReadable of a PacketConn");
  }
  absl::Status CloseWrite() override {
    return absl::UnimplementedError("CloseWrite of a PacketConn");
  }
  absl::Status Close() override { return packets_->Close(); }
  Addr LocalAddr() const override { return packets_->LocalAddr(); }
  Addr RemoteAddr() const override { return peer_; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override {
    return packets_->SetDeadline(direction, when);
  }
  void* Extension(absl::string_view name) override {
    return packets_->Extension(name);
  }

 private:
  const std::unique_ptr<PacketConn> packets_;
  const Addr peer_;
};

}  // namespace

absl::StatusOr<ConnPair> DialAndAccept(Transport& transport,
                                       const PairOptions& options) {
  absl::StatusOr<std::unique_ptr<Listener>> listener =
      transport.Listen(options.network, options.address, options.listen);
  if (!listener.ok()) return listener.status();
  absl::StatusOr<std::unique_ptr<Conn>> near = transport.Dial(
      options.network, (*listener)->Address().ToString(), options.dial);
  if (!near.ok()) return near.status();
  if (options.by_datagram) {
    const absl::Status status = (*near)->Write("hello");
    if (!status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<Conn>> far = (*listener)->Accept();
  if (!far.ok()) return far.status();
  if (options.by_datagram) {
    char hello[5];
    const absl::Status status = (*far)->Read(absl::MakeSpan(hello)).status();
    if (!status.ok()) return status;
  }
  const absl::Status closed = (*listener)->Close();
  if (!closed.ok()) return closed;
  return ConnPair{*std::move(near), *std::move(far)};
}

absl::StatusOr<ConnPair> DialUnixgram(Transport& transport) {
  absl::StatusOr<std::unique_ptr<PacketConn>> packets =
      transport.ListenPacket("unixgram", "");
  if (!packets.ok()) return packets.status();
  DialOptions options;
  options.local_address = "";
  absl::StatusOr<std::unique_ptr<Conn>> near =
      transport.Dial("unixgram", (*packets)->LocalAddr().ToString(), options);
  if (!near.ok()) return near.status();
  const Addr peer = (*near)->LocalAddr();
  return ConnPair{*std::move(near), ConnOverPackets(*std::move(packets), peer)};
}

std::unique_ptr<Conn> ConnOverPackets(std::unique_ptr<PacketConn> packets,
                                      Addr peer) {
  return std::make_unique<PacketEnd>(std::move(packets), std::move(peer));
}

}  // namespace plumb
