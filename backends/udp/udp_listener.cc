#include "backends/udp/udp_listener.h"

#include <cerrno>
#include <optional>
#include <utility>

#include "absl/types/span.h"
#include "backends/posix/message_conn.h"
#include "backends/posix/op_error.h"
#include "backends/udp/peer_table.h"
#include "backends/udp/udp_limits.h"
#include "transport/error.h"
#include "transport/extension.h"

// Every blocking method holds what it uses on its stack: a call whose wait
// Close has ended still hands on the lead, when the object may be gone.

namespace plumb {
namespace {

int CountBlocked(const CallState& state, Direction direction) {
  if (direction != Direction::kBoth) return state.Blocked(direction);
  return state.Blocked(Direction::kRead) + state.Blocked(Direction::kWrite);
}

class UdpPeerConn final : public Conn,
                          public BlockedProbe,
                          public MessageTraits {
 public:
  // Is a user of `mux` from now on.
  UdpPeerConn(std::shared_ptr<UdpMux> mux, std::shared_ptr<UdpPeer> peer)
      : mux_(std::move(mux)), peer_(std::move(peer)) {
    mux_->AddUser();
  }
  ~UdpPeerConn() override { CloseOnce(); }

  using Conn::SetDeadline;
  using Conn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  absl::Status Write(absl::Span<const absl::string_view> pieces) override;
  absl::Status WaitReadable() override;
  absl::Status CloseWrite() override;
  absl::Status Close() override;
  Addr LocalAddr() const override { return names().source; }
  Addr RemoteAddr() const override { return names().addr; }
  absl::Status SetDeadline(Direction direction, absl::Time when) override;
  void* Extension(absl::string_view name) override {
    return FindExtension<BlockedProbe, MessageTraits>(name, this);
  }

  int BlockedCalls(Direction direction) const override {
    return CountBlocked(peer_->state, direction);
  }
  size_t MaxMessageSize() const override {
    return MaxUdpMessageSize(names().addr.ip());
  }
  bool EmptyMessages() const override { return true; }

 private:
  const CallNames& names() const { return *peer_->state.names(); }
  bool CloseOnce();

  const std::shared_ptr<UdpMux> mux_;
  const std::shared_ptr<UdpPeer> peer_;
};

absl::StatusOr<size_t> UdpPeerConn::Read(absl::Span<char> buffer) {
  const std::shared_ptr<UdpMux> mux = mux_;
  const std::shared_ptr<UdpPeer> peer = peer_;
  if (buffer.empty()) {
    if (peer->state.closed()) return ClosedError(NamedInfo("read", &names()));
    return size_t{0};
  }
  Call call(peer->state, Direction::kRead);
  std::optional<PeerTable::Taken> taken;
  absl::Status error;
  const auto take = [&] {
    taken = mux->table().Take(*peer, buffer);
    return taken.has_value();
  };
  const bool done = mux->Await(call, peer->state, peer, take, &error);
  if (!call.ok()) return call.Error("read");
  if (done && taken->end) return EofError();
  if (done && taken->full_size <= taken->size) return taken->size;
  ErrorInfo info = NamedInfo("read", peer->state.names().get());
  if (!done) return ForOp(error, std::move(info));
  return CutMessageError(std::move(info), taken->full_size);
}

absl::Status UdpPeerConn::WaitReadable() {
  const std::shared_ptr<UdpMux> mux = mux_;
  const std::shared_ptr<UdpPeer> peer = peer_;
  Call call(peer->state, Direction::kRead);
  absl::Status error;
  const auto readable = [&] { return mux->table().Readable(*peer); };
  if (mux->Await(call, peer->state, peer, readable, &error)) {
    return absl::OkStatus();
  }
  if (!call.ok()) return call.Error("read");
  return ForOp(error, NamedInfo("read", peer->state.names().get()));
}

absl::Status UdpPeerConn::Write(absl::Span<const absl::string_view> pieces) {
  const std::shared_ptr<UdpMux> mux = mux_;
  const std::shared_ptr<UdpPeer> peer = peer_;
  Call call(peer->state, Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  const auto info_of = [&] {
    return NamedInfo("write", peer->state.names().get());
  };
  if (peer->write_closed.load(std::memory_order_relaxed)) {
    ErrorInfo info = info_of();
    info.syscall = "write";
    info.errno_value = EPIPE;
    return OpError(absl::StatusCode::kFailedPrecondition, std::move(info),
                   "write: broken pipe");
  }
  peer->Touch();
  int error = 0;
  if (!mux->Send(call, peer, pieces, &error)) return call.Error("write");
  if (error == 0) return absl::OkStatus();
  return ErrnoError(info_of(), "write", error);
}

absl::Status UdpPeerConn::CloseWrite() {
  if (!peer_->state.Enter()) return ClosedError(NamedInfo("close", &names()));
  peer_->write_closed.store(true, std::memory_order_relaxed);
  peer_->state.Leave();
  return absl::OkStatus();
}

bool UdpPeerConn::CloseOnce() {
  if (!peer_->state.Close()) return false;
  mux_->table().Remove(*peer_);
  mux_->RemoveUser();
  peer_->state.Done();
  return true;
}

absl::Status UdpPeerConn::Close() {
  return CloseOnce() ? absl::OkStatus()
                     : ClosedError(NamedInfo("close", &names()));
}

absl::Status UdpPeerConn::SetDeadline(Direction direction, absl::Time when) {
  if (peer_->state.SetDeadline(direction, when)) return absl::OkStatus();
  CallNames here = names();
  here.addr = std::exchange(here.source, Addr());
  return ClosedError(NamedInfo("set", &here));
}

}  // namespace

UdpListener::UdpListener(Clock& clock, Descriptor descriptor,
                         std::shared_ptr<const CallNames> names,
                         const UdpListenOptions& options, size_t backlog)
    : mux_(std::make_shared<UdpMux>(clock, std::move(descriptor),
                                    std::move(names), options, backlog)) {}

UdpListener::~UdpListener() { Close().IgnoreError(); }

absl::StatusOr<std::unique_ptr<Conn>> UdpListener::Accept() {
  const std::shared_ptr<UdpMux> mux = mux_;
  CallState& state = mux->accept_state();
  Call call(state, Direction::kRead, "accept");
  std::shared_ptr<UdpPeer> peer;
  absl::Status error;
  const auto take = [&] {
    peer = mux->table().TakeNewcomer();
    return peer != nullptr;
  };
  if (mux->Await(call, state, mux, take, &error)) {
    return std::make_unique<UdpPeerConn>(mux, std::move(peer));
  }
  if (!call.ok()) return call.Error("accept");
  return ForOp(error, NamedInfo("accept", state.names().get()));
}

absl::Status UdpListener::Close() {
  CallState& state = mux_->accept_state();
  if (!state.Close()) {
    return ClosedError(NamedInfo("close", state.names().get()));
  }
  mux_->table().StopListening();
  mux_->RemoveUser();
  state.Done();
  return absl::OkStatus();
}

Addr UdpListener::Address() const { return mux_->accept_state().names()->addr; }

absl::Status UdpListener::SetDeadline(absl::Time when) {
  CallState& state = mux_->accept_state();
  if (state.SetDeadline(Direction::kRead, when)) return absl::OkStatus();
  return ClosedError(NamedInfo("set", state.names().get()));
}

void* UdpListener::Extension(absl::string_view name) {
  return FindExtension<BlockedProbe, UdpListenerStats>(name, this);
}

int UdpListener::BlockedCalls(Direction direction) const {
  return CountBlocked(mux_->accept_state(), direction);
}

UdpListenerCounters UdpListener::Counters() const {
  return mux_->table().Counters();
}

}  // namespace plumb
