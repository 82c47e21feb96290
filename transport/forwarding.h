// Bases with which a decorator is written in a page: each owns what it wraps
// and forwards everything to it. A decorator overrides the Do methods that it
// has something to say about. One that counts the bytes of every connection:
//
//   class CountingConn final : public plumb::ForwardingConn {
//    public:
//     CountingConn(std::unique_ptr<plumb::Conn> inner,
//                  std::shared_ptr<std::atomic<uint64_t>> bytes)
//         : ForwardingConn(std::move(inner)), bytes_(std::move(bytes)) {}
//     ~CountingConn() override { Close().IgnoreError(); }
//
//    private:
//     absl::StatusOr<size_t> DoRead(absl::Span<char> buffer) override {
//       absl::StatusOr<size_t> n = inner().Read(buffer);
//       if (n.ok()) *bytes_ += *n;
//       return n;
//     }
//     const std::shared_ptr<std::atomic<uint64_t>> bytes_;
//   };
//
// forwarding_transport.h puts it around every connection of a Transport.
//
// The contract of Conn, Listener and PacketConn is kept: any method on any
// thread; Close ends what is blocked, waits until all calls have left the
// decorator and its Do methods, and only then returns; a second Close is
// IsClosed. For that
// - a decorator with state calls Close in its own destructor, as above;
// - a Do method never calls Close on its own object (it would wait for itself);
//   it may call inner().Close();
// - a decorator that waits by itself wakes those calls in DoClose.
//
// Extensions: a decorator answers for none of what it wraps, except for the
// names in `allowed`, which are literals, and for BlockedProbe, which is asked
// of the wrapped object. Allow a name only if using it past the decorator does
// no harm.
#ifndef PLUMB_TRANSPORT_FORWARDING_H_
#define PLUMB_TRANSPORT_FORWARDING_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "transport/addr.h"
#include "transport/conn.h"
#include "transport/direction.h"
#include "transport/gate.h"
#include "transport/listener.h"
#include "transport/packet_conn.h"

namespace plumb {

// Keeps a decorator from being closed until it goes out of scope, unless that
// has happened already, which makes it false.
class [[nodiscard]] GateScope {
 public:
  explicit GateScope(Gate& gate) : gate_(gate), entered_(gate.Enter()) {}
  GateScope(const GateScope&) = delete;
  GateScope& operator=(const GateScope&) = delete;
  ~GateScope() {
    if (entered_) gate_.Leave();
  }
  explicit operator bool() const& { return entered_; }
  // It would be out of scope at once.
  explicit operator bool() const&& = delete;

 private:
  Gate& gate_;
  const bool entered_;
};

// The names of the extensions that go through.
using AllowedExtensions = std::vector<absl::string_view>;

class ForwardingConn : public Conn {
 public:
  explicit ForwardingConn(std::unique_ptr<Conn> inner,
                          AllowedExtensions allowed = {});
  ~ForwardingConn() override;

  using Conn::SetDeadline;
  using Conn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) final;
  absl::Status Write(absl::Span<const absl::string_view> pieces) final;
  absl::Status WaitReadable() final;
  absl::Status CloseWrite() final;
  absl::Status Close() final;
  absl::Status SetDeadline(Direction direction, absl::Time when) final;
  Addr LocalAddr() const override { return inner_->LocalAddr(); }
  Addr RemoteAddr() const override { return inner_->RemoteAddr(); }
  void* Extension(absl::string_view name) override;

 protected:
  // Lives as long as the decorator.
  Conn& inner() const { return *inner_; }

  virtual absl::StatusOr<size_t> DoRead(absl::Span<char> buffer);
  virtual absl::Status DoWrite(absl::Span<const absl::string_view> pieces);
  virtual absl::Status DoWaitReadable();
  virtual absl::Status DoCloseWrite();
  virtual absl::Status DoSetDeadline(Direction direction, absl::Time when);
  // Called once, while other calls may still be inside.
  virtual absl::Status DoClose();

  // For a call that is none of these, of an extension which the decorator
  // answers for itself: kept until its end.
  GateScope Enter() { return GateScope(gate_); }

 private:
  const std::shared_ptr<Conn> inner_;  // shared with a second Close under way
  const AllowedExtensions allowed_;
  Gate gate_;
};

class ForwardingListener : public Listener {
 public:
  explicit ForwardingListener(std::unique_ptr<Listener> inner,
                              AllowedExtensions allowed = {});
  ~ForwardingListener() override;

  absl::StatusOr<std::unique_ptr<Conn>> Accept() final;
  absl::Status Close() final;
  absl::Status SetDeadline(absl::Time when) final;
  Addr Address() const override { return inner_->Address(); }
  void* Extension(absl::string_view name) override;

 protected:
  Listener& inner() const { return *inner_; }

  virtual absl::StatusOr<std::unique_ptr<Conn>> DoAccept();
  virtual absl::Status DoSetDeadline(absl::Time when);
  virtual absl::Status DoClose();

 private:
  const std::shared_ptr<Listener>
      inner_;  // shared with a second Close under way
  const AllowedExtensions allowed_;
  Gate gate_;
};

class ForwardingPacketConn : public PacketConn {
 public:
  explicit ForwardingPacketConn(std::unique_ptr<PacketConn> inner,
                                AllowedExtensions allowed = {});
  ~ForwardingPacketConn() override;

  using PacketConn::SetDeadline;
  absl::StatusOr<size_t> ReadBatch(absl::Span<InPacket> packets) final;
  absl::StatusOr<size_t> WriteBatch(absl::Span<const OutPacket> packets) final;
  absl::Status Close() final;
  absl::Status SetDeadline(Direction direction, absl::Time when) final;
  Addr LocalAddr() const override { return inner_->LocalAddr(); }
  void* Extension(absl::string_view name) override;

 protected:
  PacketConn& inner() const { return *inner_; }

  virtual absl::StatusOr<size_t> DoReadBatch(absl::Span<InPacket> packets);
  virtual absl::StatusOr<size_t> DoWriteBatch(
      absl::Span<const OutPacket> packets);
  virtual absl::Status DoSetDeadline(Direction direction, absl::Time when);
  virtual absl::Status DoClose();

  // See ForwardingConn.
  GateScope Enter() { return GateScope(gate_); }

 private:
  const std::shared_ptr<PacketConn>
      inner_;  // shared with a second Close under way
  const AllowedExtensions allowed_;
  Gate gate_;
};

}  // namespace plumb

#endif  // PLUMB_TRANSPORT_FORWARDING_H_
