#include "transport/forwarding_transport.h"

#include <utility>

namespace plumb {
namespace {

// Gives what a Listener accepts to a Wrapper.
class AcceptWrapper final : public ForwardingListener {
 public:
  AcceptWrapper(std::unique_ptr<Listener> inner,
                std::shared_ptr<Wrapper> wrapper, AllowedExtensions allowed)
      : ForwardingListener(std::move(inner), std::move(allowed)),
        wrapper_(std::move(wrapper)) {}
  ~AcceptWrapper() override { Close().IgnoreError(); }

 private:
  absl::StatusOr<std::unique_ptr<Conn>> DoAccept() override {
    absl::StatusOr<std::unique_ptr<Conn>> conn = inner().Accept();
    if (!conn.ok()) return conn;
    return wrapper_->WrapConn(*std::move(conn));
  }

  const std::shared_ptr<Wrapper> wrapper_;
};

}  // namespace

std::unique_ptr<Conn> Wrapper::WrapConn(std::unique_ptr<Conn> conn) {
  return conn;
}

std::unique_ptr<Listener> Wrapper::WrapListener(
    std::unique_ptr<Listener> listener) {
  return listener;
}

std::unique_ptr<PacketConn> Wrapper::WrapPacketConn(
    std::unique_ptr<PacketConn> packets) {
  return packets;
}

ForwardingTransport::ForwardingTransport(std::shared_ptr<Transport> inner,
                                         std::shared_ptr<Wrapper> wrapper,
                                         AllowedExtensions allowed)
    : inner_(std::move(inner)),
      wrapper_(std::move(wrapper)),
      allowed_(std::move(allowed)) {}

ForwardingTransport::ForwardingTransport(Transport& inner,
                                         std::shared_ptr<Wrapper> wrapper,
                                         AllowedExtensions allowed)
    : ForwardingTransport(
          std::shared_ptr<Transport>(std::shared_ptr<void>(), &inner),
          std::move(wrapper), std::move(allowed)) {}

absl::StatusOr<std::unique_ptr<Conn>> ForwardingTransport::Dial(
    absl::string_view network, absl::string_view address,
    const DialOptions& options) {
  auto conn = inner_->Dial(network, address, options);
  if (!conn.ok()) return conn;
  return wrapper_->WrapConn(*std::move(conn));
}

absl::StatusOr<std::unique_ptr<Listener>> ForwardingTransport::Listen(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  auto listener = inner_->Listen(network, address, options);
  if (!listener.ok()) return listener;
  return wrapper_->WrapListener(std::make_unique<AcceptWrapper>(
      *std::move(listener), wrapper_, allowed_));
}

absl::StatusOr<std::unique_ptr<PacketConn>> ForwardingTransport::ListenPacket(
    absl::string_view network, absl::string_view address,
    const ListenOptions& options) {
  auto packets = inner_->ListenPacket(network, address, options);
  if (!packets.ok()) return packets;
  return wrapper_->WrapPacketConn(*std::move(packets));
}

}  // namespace plumb
