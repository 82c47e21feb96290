#include "backends/posix/packet_socket.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "backends/posix/backoff.h"
#include "backends/posix/message_conn.h"
#include "backends/posix/op_error.h"

namespace plumb {
namespace {

MessageBatch& Ensure(std::unique_ptr<MessageBatch>& batch) {
  if (batch == nullptr) batch = std::make_unique<MessageBatch>();
  return *batch;
}

}  // namespace

PacketSocket::PacketSocket(Clock& clock, plumb::Descriptor descriptor,
                           std::shared_ptr<const CallNames> names,
                           PacketSocketKind kind)
    : SocketObject(clock, std::move(descriptor), std::move(names)),
      kind_(kind) {}

PacketSocket::~PacketSocket() { CloseOnce(); }

absl::StatusOr<size_t> PacketSocket::ReadBatch(absl::Span<InPacket> packets) {
  if (packets.empty()) {
    if (state().closed()) return ClosedError(Info("read"));
    return size_t{0};
  }
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  if (packets.size() == 1) return ReadOne(call, packets[0]);
  ReceiveBatchOp op(fd(), Ensure(incoming_), packets, kind_.addr_network);
  if (!call.Run(op)) return call.Error("read");
  if (op.error() != 0) return ErrnoError(Info("read"), "recvfrom", op.error());
  return op.count();
}

absl::StatusOr<size_t> PacketSocket::ReadOne(Call& call, InPacket& packet) {
  SockAddr from;
  ReceiveMessageOp op(fd(), packet.buffer, &from);
  if (!call.Run(op)) return call.Error("read");
  if (op.error() != 0) return ErrnoError(Info("read"), "recvfrom", op.error());
  packet.received.size = op.size();
  packet.received.full_size = op.full_size();
  packet.received.from = AddressOf(from);
  return size_t{1};
}

absl::StatusOr<size_t> PacketSocket::WriteBatch(
    absl::Span<const OutPacket> packets) {
  if (packets.empty()) {
    if (state().closed()) return ClosedError(Info("write"));
    return size_t{0};
  }
  Call call(state(), Direction::kWrite);
  if (!call.ok()) return SendError(call, packets[0].to);
  return packets.size() == 1 ? WriteOne(call, packets[0])
                             : WriteMany(call, packets);
}

absl::StatusOr<size_t> PacketSocket::WriteOne(Call& call,
                                              const OutPacket& packet) {
  SockAddr to;
  if (absl::Status status = SetDestination(packet.to, to); !status.ok()) {
    return ForOp(status, WriteInfo(packet.to));
  }
  SendMessageOp op(fd(), absl::MakeConstSpan(&packet.data, 1), &to);
  if (!RunSend(call, op)) return SendError(call, packet.to);
  if (op.error() != 0) {
    return ErrnoError(WriteInfo(packet.to), "sendto", op.error());
  }
  return size_t{1};
}

absl::StatusOr<size_t> PacketSocket::WriteMany(
    Call& call, absl::Span<const OutPacket> packets) {
  MessageBatch& batch = Ensure(outgoing_);
  batch.Resize(packets.size());
  for (size_t i = 0; i < batch.size(); ++i) {
    const absl::string_view data = packets[i].data;
    const absl::Status status = SetDestination(packets[i].to, batch.address(i));
    if (!status.ok() && i == 0) return ForOp(status, WriteInfo(packets[0].to));
    if (!status.ok()) {
      // Those before it go; the next batch begins with it.
      batch.Resize(i);
      break;
    }
    batch.SetData(i, const_cast<char*>(data.data()), data.size());
    batch.UseAddress(i);
  }
  SendBatchOp op(fd(), batch);
  if (!RunSend(call, op)) return SendError(call, packets[0].to);
  if (op.error() != 0) {
    return ErrnoError(WriteInfo(packets[0].to), "sendto", op.error());
  }
  return op.count();
}

absl::Status PacketSocket::SendError(const Call& call, const Addr& to) {
  ErrorInfo info = GetErrorInfo(call.Error("write")).value_or(ErrorInfo());
  info.addr = to;
  return CallError(call.outcome(), std::move(info));
}

bool PacketSocket::RunSend(Call& call, SocketOp& op) const {
  if (kind_.family != AF_UNIX) return call.Run(op);
  Backoff backoff;
  while (call.ok()) {
    if (op.Attempt()) return true;
    call.Pause(backoff.Next());
  }
  return false;
}

absl::Status PacketSocket::SetDestination(const Addr& to,
                                          SockAddr& address) const {
  if (!to.has_value()) {
    return OpError(absl::StatusCode::kInvalidArgument, ErrorInfo(),
                   "missing address");
  }
  if (kind_.family == AF_UNIX) {
    if (!to.HasNetwork(kind_.addr_network)) {
      return SyscallError("", EAFNOSUPPORT);
    }
    absl::StatusOr<SockAddr> unix_address = SockAddr::Unix(to.name());
    if (unix_address.ok()) address = *unix_address;
    return unix_address.status();
  }
  if (to.is_ip() && to.HasNetwork(kind_.addr_network)) {
    return address.SetIp(*to.ip_port(), kind_.family);
  }
  return SyscallError("", EINVAL);
}

ErrorInfo PacketSocket::WriteInfo(const Addr& to) const {
  ErrorInfo info = Info("write");
  info.addr = to;
  return info;
}

absl::Status PacketSocket::Close() { return CloseWithError(); }

absl::Status PacketSocket::SetDeadline(Direction direction, absl::Time when) {
  return ChangeDeadline(direction, when);
}

void* PacketSocket::Extension(absl::string_view name) {
  if (void* found = SocketExtension(name)) return found;
  return FindExtension<MessageTraits>(name, this);
}

size_t PacketSocket::MaxMessageSize() const {
  if (kind_.max_message_size != 0) return kind_.max_message_size;
  return MaxUnixMessageSize(SendBuffer());
}

}  // namespace plumb
