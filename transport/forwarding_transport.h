// A decorator around a whole Transport. What it puts around each connection,
// dialled or accepted, is a Wrapper; with the CountingConn of forwarding.h:
//
//   class Counting final : public plumb::Wrapper {
//    public:
//     std::unique_ptr<plumb::Conn> WrapConn(
//         std::unique_ptr<plumb::Conn> conn) override {
//       return std::make_unique<CountingConn>(std::move(conn), bytes_);
//     }
//     uint64_t bytes() const { return *bytes_; }
//
//    private:
//     const std::shared_ptr<std::atomic<uint64_t>> bytes_ =
//         std::make_shared<std::atomic<uint64_t>>(0);
//   };
//
//   auto counting = std::make_shared<Counting>();
//   plumb::ForwardingTransport transport(registry, counting);
//   Serve(transport);
//   std::cout << counting->bytes() << " bytes\n";
//
// Threads, lifetime and errors: as for Transport.
#ifndef PLUMB_TRANSPORT_FORWARDING_TRANSPORT_H_
#define PLUMB_TRANSPORT_FORWARDING_TRANSPORT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "transport/conn.h"
#include "transport/forwarding.h"
#include "transport/listener.h"
#include "transport/options.h"
#include "transport/packet_conn.h"
#include "transport/transport.h"

namespace plumb {

// What a decorator puts around the things that a Transport opens; by default,
// nothing. Transports and Listeners share it, since Listeners outlive the
// Transport. Threads: called on any, also at the same time. No method blocks:
// the Close of a Listener waits for it.
class Wrapper {
 public:
  Wrapper() = default;
  Wrapper(const Wrapper&) = delete;
  Wrapper& operator=(const Wrapper&) = delete;
  virtual ~Wrapper() = default;

  // Around what Dial and Accept return.
  virtual std::unique_ptr<Conn> WrapConn(std::unique_ptr<Conn> conn);
  // Around what Listen returns, whose Conns go through WrapConn already.
  virtual std::unique_ptr<Listener> WrapListener(
      std::unique_ptr<Listener> listener);
  // Around what ListenPacket returns.
  virtual std::unique_ptr<PacketConn> WrapPacketConn(
      std::unique_ptr<PacketConn> packets);
};

// A subclass may override Dial, Listen and ListenPacket too, to refuse a call
// or to change its arguments, and then calls those of this class.
class ForwardingTransport : public Transport {
 public:
  // Listeners answer for the extensions in `allowed`; see forwarding.h.
  ForwardingTransport(std::shared_ptr<Transport> inner,
                      std::shared_ptr<Wrapper> wrapper,
                      AllowedExtensions allowed = {});
  // `inner` must outlive this.
  ForwardingTransport(Transport& inner, std::shared_ptr<Wrapper> wrapper,
                      AllowedExtensions allowed = {});

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
  const std::shared_ptr<Wrapper> wrapper_;
  const AllowedExtensions allowed_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FORWARDING_TRANSPORT_H_
