#include "backends/fake/udp_hub_conns.h"

#include <cerrno>
#include <utility>

#include "backends/fake/fake_stream.h"
#include "backends/fake/probes.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/extensions.h"

namespace plumb {
namespace {

class UdpHubConn final : public Conn,
                         public MessageTraits,
                         public BlockedProbe,
                         public ConnProbe {
 public:
  // Is one of the hub's users already.
  UdpHubConn(std::shared_ptr<UdpHub> hub, UdpHub::Peer peer,
             const UdpPort& port)
      : hub_(std::move(hub)),
        peer_(std::move(peer)),
        port_(port.ForAnotherSender()) {}
  ~UdpHubConn() override { (void)Close(); }

  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  absl::Status Write(absl::Span<const absl::string_view> pieces) override;
  absl::Status WaitReadable() override;
  absl::Status CloseWrite() override;
  absl::Status Close() override;
  Addr LocalAddr() const override { return names().source; }
  Addr RemoteAddr() const override { return names().addr; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override;
  void* Extension(absl::string_view name) override {
    return FindExtension<MessageTraits, BlockedProbe, ConnProbe>(name, this);
  }

  size_t MaxMessageSize() const override {
    return MaxUdpPayload(names().addr.ip());
  }
  bool EmptyMessages() const override { return true; }
  int BlockedCalls(Direction direction) const override {
    return CountBlocked(peer_->state, direction);
  }
  bool CanRead() const override {
    return hub_->Look(peer_).kind != UdpHub::Taken::kNothing;
  }
  bool IsClosedByPeer() const override { return false; }
  size_t BytesInFlight() const override { return port_.BytesInFlight(); }

 private:
  const CallNames& names() const { return *peer_->state.names(); }

  const std::shared_ptr<UdpHub> hub_;
  const UdpHub::Peer peer_;
  const UdpPort port_;
};

absl::StatusOr<size_t> UdpHubConn::Read(absl::Span<char> buffer) {
  if (buffer.empty()) {
    if (peer_->state.closed()) return ClosedError(NamedInfo("read", &names()));
    return size_t{0};
  }
  Call call(peer_->state, Direction::kRead);
  while (call.ok()) {
    const UdpHub::Taken taken = hub_->Take(peer_, buffer);
    if (taken.kind == UdpHub::Taken::kNothing) {
      call.WaitUntil(taken.ask_again);
      continue;
    }
    if (taken.kind == UdpHub::Taken::kEnd) return EofError();
    if (taken.size == taken.full_size) return taken.size;
    ErrorInfo info = NamedInfo("read", &names());
    info.bytes_done = taken.full_size;
    return ErrnoError(std::move(info), "read", EMSGSIZE);
  }
  return call.Error("read");
}

absl::Status UdpHubConn::WaitReadable() {
  Call call(peer_->state, Direction::kRead);
  while (call.ok()) {
    const UdpHub::Taken taken = hub_->Look(peer_);
    if (taken.kind != UdpHub::Taken::kNothing) return absl::OkStatus();
    call.WaitUntil(taken.ask_again);
  }
  return call.Error("read");
}

absl::Status UdpHubConn::Write(absl::Span<const absl::string_view> pieces) {
  Call call(peer_->state, Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  if (peer_->write_closed.load(std::memory_order_relaxed)) {
    ErrorInfo info = NamedInfo("write", &names());
    info.syscall = "write";
    info.errno_value = EPIPE;
    return OpError(absl::StatusCode::kFailedPrecondition, std::move(info),
                   "write: broken pipe");
  }
  hub_->Touch(peer_);
  // Nobody tells an unconnected socket that nobody was there.
  const int error =
      port_.Send(*names().addr.ip_port(), JoinPieces(pieces), nullptr);
  if (error == 0) return absl::OkStatus();
  return ErrnoError(NamedInfo("write", &names()), "write", error);
}

absl::Status UdpHubConn::CloseWrite() {
  if (!peer_->state.Enter()) return ClosedError(NamedInfo("close", &names()));
  peer_->write_closed.store(true, std::memory_order_relaxed);
  peer_->state.Leave();
  return absl::OkStatus();
}

absl::Status UdpHubConn::Close() {
  const UdpHub::Peer peer = peer_;
  if (!peer->state.Close()) {
    return ClosedError(NamedInfo("close", peer->state.names().get()));
  }
  hub_->Remove(peer_);
  hub_->RemoveUser();
  peer_->state.Done();
  return absl::OkStatus();
}

absl::Status UdpHubConn::SetDeadline(Direction direction, absl::Time when) {
  if (peer_->state.SetDeadline(direction, when)) return absl::OkStatus();
  ErrorInfo info = NamedInfo("set", &names());
  info.addr = std::exchange(info.source, Addr());
  return ClosedError(std::move(info));
}

class FakeUdpListener final : public Listener,
                              public BlockedProbe,
                              public ListenerProbe,
                              public UdpListenerStats {
 public:
  FakeUdpListener(std::shared_ptr<UdpHub> hub, const UdpPort& port)
      : hub_(std::move(hub)), port_(port) {}
  ~FakeUdpListener() override { (void)Close(); }

  absl::StatusOr<std::unique_ptr<Conn>> Accept() override {
    Call call(hub_->accept_state(), Direction::kRead, "accept");
    while (call.ok()) {
      if (UdpHub::Peer peer = hub_->TakeNewcomer()) {
        return std::make_unique<UdpHubConn>(hub_, std::move(peer), port_);
      }
      call.Wait();
    }
    return call.Error("accept");
  }

  absl::Status Close() override {
    const std::shared_ptr<UdpHub> hub = hub_;
    CallState& state = hub->accept_state();
    if (!state.Close()) {
      return ClosedError(NamedInfo("close", state.names().get()));
    }
    hub_->StopListening();
    hub_->RemoveUser();
    state.Done();
    return absl::OkStatus();
  }

  Addr Address() const override { return hub_->accept_state().names()->addr; }

  absl::Status SetDeadline(absl::Time when) override {
    CallState& state = hub_->accept_state();
    if (state.SetDeadline(Direction::kRead, when)) return absl::OkStatus();
    return ClosedError(NamedInfo("set", state.names().get()));
  }

  void* Extension(absl::string_view name) override {
    return FindExtension<BlockedProbe, ListenerProbe, UdpListenerStats>(name,
                                                                        this);
  }

  int BlockedCalls(Direction direction) const override {
    return CountBlocked(hub_->accept_state(), direction);
  }
  bool CanAccept() const override { return hub_->Newcomers() > 0; }
  size_t PendingConnects() const override { return hub_->Newcomers(); }
  UdpListenerCounters Counters() const override { return hub_->Counters(); }

 private:
  const std::shared_ptr<UdpHub> hub_;
  const UdpPort port_;
};

}  // namespace

std::unique_ptr<Listener> MakeUdpListener(std::shared_ptr<UdpHub> hub,
                                          const UdpPort& port) {
  return std::make_unique<FakeUdpListener>(std::move(hub), port);
}

}  // namespace plumb
