#include "transport/forwarding.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/functional/function_ref.h"
#include "transport/error.h"
#include "transport/extensions.h"
#include "transport/scope.h"

namespace plumb {
namespace {

absl::Status Block(Conn& inner) { return inner.WaitReadable(); }

absl::Status Block(Listener& inner) { return inner.Accept().status(); }

absl::Status Block(PacketConn& inner) {
  InPacket packet;
  return inner.ReadBatch(absl::MakeSpan(&packet, 1)).status();
}

// An error of `inner` that costs it nothing: when it has been closed (`done`)
// that of one more Close, before that of a call in a scope that has ended.
template <typename Endpoint>
absl::Status AnyError(bool done, Endpoint& inner) {
  if (done) return inner.Close();
  CancelScope ended;
  ended.Cancel();
  return Block(inner);
}

// What the errors of `inner` say of it, which it knows best: "ip4:253" where an
// address says "ip".
template <typename Endpoint>
ErrorInfo NamesOf(bool done, Endpoint& inner, const Addr& source,
                  const Addr& addr) {
  ErrorInfo names;
  if (auto info = GetErrorInfo(AnyError(done, inner)); info.has_value()) {
    names.network = std::move(info->network);
    names.source = std::move(info->source);
    names.addr = std::move(info->addr);
  } else {
    names.network = std::string((addr.has_value() ? addr : source).network());
    names.source = source;
    names.addr = addr;
  }
  return names;
}

// As Go has it, "set" names this end alone.
absl::Status Closed(absl::string_view op, ErrorInfo info) {
  info.op = std::string(op);
  if (op == "set" && info.source.has_value()) {
    info.addr = std::exchange(info.source, Addr());
  }
  return ClosedError(std::move(info));
}

absl::Status Closed(absl::string_view op, bool done, Conn& inner) {
  return Closed(op,
                NamesOf(done, inner, inner.LocalAddr(), inner.RemoteAddr()));
}

absl::Status Closed(absl::string_view op, bool done, Listener& inner) {
  return Closed(op, NamesOf(done, inner, Addr(), inner.Address()));
}

absl::Status Closed(absl::string_view op, bool done, PacketConn& inner,
                    const Addr& to = Addr()) {
  ErrorInfo info = NamesOf(done, inner, inner.LocalAddr(), Addr());
  if (to.has_value()) info.addr = to;
  return Closed(op, std::move(info));
}

// Keeps `inner`: the first closer may have freed the decorator, and `gate` with
// it, when a second one returns.
template <typename Endpoint>
absl::Status CloseOnce(Gate& gate, const std::shared_ptr<Endpoint> inner,
                       absl::FunctionRef<absl::Status()> do_close) {
  if (!gate.Close()) return Closed("close", true, *inner);
  absl::Status status = do_close();
  gate.AwaitEmpty();
  gate.Done();
  return status;
}

template <typename Endpoint>
void* AllowedExtension(Endpoint& inner, const AllowedExtensions& allowed,
                       absl::string_view name) {
  const bool passes = name == absl::string_view(BlockedProbe::kExtensionName) ||
                      absl::c_linear_search(allowed, name);
  return passes ? inner.Extension(name) : nullptr;
}

}  // namespace

ForwardingConn::ForwardingConn(std::unique_ptr<Conn> inner,
                               AllowedExtensions allowed)
    : inner_(std::move(inner)), allowed_(std::move(allowed)) {}

ForwardingConn::~ForwardingConn() { Close().IgnoreError(); }

absl::StatusOr<size_t> ForwardingConn::Read(absl::Span<char> buffer) {
  const GateScope inside(gate_);
  if (!inside) return Closed("read", gate_.done(), *inner_);
  return DoRead(buffer);
}

absl::Status ForwardingConn::Write(absl::Span<const absl::string_view> pieces) {
  const GateScope inside(gate_);
  if (!inside) return Closed("write", gate_.done(), *inner_);
  return DoWrite(pieces);
}

absl::Status ForwardingConn::WaitReadable() {
  const GateScope inside(gate_);
  if (!inside) return Closed("read", gate_.done(), *inner_);
  return DoWaitReadable();
}

absl::Status ForwardingConn::CloseWrite() {
  const GateScope inside(gate_);
  if (!inside) return Closed("close", gate_.done(), *inner_);
  return DoCloseWrite();
}

absl::Status ForwardingConn::SetDeadline(Direction direction, absl::Time when) {
  const GateScope inside(gate_);
  if (!inside) return Closed("set", gate_.done(), *inner_);
  return DoSetDeadline(direction, when);
}

absl::Status ForwardingConn::Close() {
  return CloseOnce(gate_, inner_, [this] { return DoClose(); });
}

void* ForwardingConn::Extension(absl::string_view name) {
  return AllowedExtension(*inner_, allowed_, name);
}

absl::StatusOr<size_t> ForwardingConn::DoRead(absl::Span<char> buffer) {
  return inner_->Read(buffer);
}

absl::Status ForwardingConn::DoWrite(
    absl::Span<const absl::string_view> pieces) {
  return inner_->Write(pieces);
}

absl::Status ForwardingConn::DoWaitReadable() { return inner_->WaitReadable(); }

absl::Status ForwardingConn::DoCloseWrite() { return inner_->CloseWrite(); }

absl::Status ForwardingConn::DoSetDeadline(Direction direction,
                                           absl::Time when) {
  return inner_->SetDeadline(direction, when);
}

absl::Status ForwardingConn::DoClose() { return inner_->Close(); }

ForwardingListener::ForwardingListener(std::unique_ptr<Listener> inner,
                                       AllowedExtensions allowed)
    : inner_(std::move(inner)), allowed_(std::move(allowed)) {}

ForwardingListener::~ForwardingListener() { Close().IgnoreError(); }

absl::StatusOr<std::unique_ptr<Conn>> ForwardingListener::Accept() {
  const GateScope inside(gate_);
  if (!inside) return Closed("accept", gate_.done(), *inner_);
  return DoAccept();
}

absl::Status ForwardingListener::SetDeadline(absl::Time when) {
  const GateScope inside(gate_);
  if (!inside) return Closed("set", gate_.done(), *inner_);
  return DoSetDeadline(when);
}

absl::Status ForwardingListener::Close() {
  return CloseOnce(gate_, inner_, [this] { return DoClose(); });
}

void* ForwardingListener::Extension(absl::string_view name) {
  return AllowedExtension(*inner_, allowed_, name);
}

absl::StatusOr<std::unique_ptr<Conn>> ForwardingListener::DoAccept() {
  return inner_->Accept();
}

absl::Status ForwardingListener::DoSetDeadline(absl::Time when) {
  return inner_->SetDeadline(when);
}

absl::Status ForwardingListener::DoClose() { return inner_->Close(); }

ForwardingPacketConn::ForwardingPacketConn(std::unique_ptr<PacketConn> inner,
                                           AllowedExtensions allowed)
    : inner_(std::move(inner)), allowed_(std::move(allowed)) {}

ForwardingPacketConn::~ForwardingPacketConn() { Close().IgnoreError(); }

absl::StatusOr<size_t> ForwardingPacketConn::ReadBatch(
    absl::Span<InPacket> packets) {
  const GateScope inside(gate_);
  if (!inside) return Closed("read", gate_.done(), *inner_);
  return DoReadBatch(packets);
}

absl::StatusOr<size_t> ForwardingPacketConn::WriteBatch(
    absl::Span<const OutPacket> packets) {
  const GateScope inside(gate_);
  if (!inside) {
    return Closed("write", gate_.done(), *inner_,
                  packets.empty() ? Addr() : packets[0].to);
  }
  return DoWriteBatch(packets);
}

absl::Status ForwardingPacketConn::SetDeadline(Direction direction,
                                               absl::Time when) {
  const GateScope inside(gate_);
  if (!inside) return Closed("set", gate_.done(), *inner_);
  return DoSetDeadline(direction, when);
}

absl::Status ForwardingPacketConn::Close() {
  return CloseOnce(gate_, inner_, [this] { return DoClose(); });
}

void* ForwardingPacketConn::Extension(absl::string_view name) {
  return AllowedExtension(*inner_, allowed_, name);
}

absl::StatusOr<size_t> ForwardingPacketConn::DoReadBatch(
    absl::Span<InPacket> packets) {
  return inner_->ReadBatch(packets);
}

absl::StatusOr<size_t> ForwardingPacketConn::DoWriteBatch(
    absl::Span<const OutPacket> packets) {
  return inner_->WriteBatch(packets);
}

absl::Status ForwardingPacketConn::DoSetDeadline(Direction direction,
                                                 absl::Time when) {
  return inner_->SetDeadline(direction, when);
}

absl::Status ForwardingPacketConn::DoClose() { return inner_->Close(); }

}  // namespace plumb
