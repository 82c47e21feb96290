#include "backends/unix/unix_handles.h"

#include "backends/posix/op_error.h"
#include "backends/posix/sockaddr.h"

namespace plumb {

HandlePassingPackets::~HandlePassingPackets() { CloseOnce(); }

void* HandlePassingPackets::Extension(absl::string_view name) {
  if (void* found = FindExtension<PacketHandlePassing>(name, this)) {
    return found;
  }
  return PacketSocket::Extension(name);
}

absl::Status HandlePassingPackets::WriteToWithHandles(
    absl::string_view data, const Addr& to, absl::Span<const int> handles) {
  Call call(state(), Direction::kWrite);
  if (!call.ok()) return SendError(call, to);
  SockAddr address;
  if (absl::Status status = SetDestination(to, address); !status.ok()) {
    return ForOp(status, WriteInfo(to));
  }
  const absl::Status possible =
      CheckOutgoingHandles(false, handles, WriteInfo(to));
  if (!possible.ok()) return possible;
  SendHandlesOp op(fd(), data, handles, &address);
  if (!RunSend(call, op)) return SendError(call, to);
  if (op.error() == 0) return absl::OkStatus();
  if (op.error() == EBADF) return BadHandleError(WriteInfo(to));
  return ErrnoError(WriteInfo(to), "sendmsg", op.error());
}

absl::StatusOr<PacketHandlePassing::Incoming>
HandlePassingPackets::ReadFromWithHandles(absl::Span<char> buffer,
                                          size_t max_handles) {
  Call call(state(), Direction::kRead);
  if (!call.ok()) return call.Error("read");
  SockAddr from;
  ReceiveHandlesOp op(fd(), buffer, &from);
  if (!call.Run(op)) return call.Error("read");
  if (op.error() != 0) return ErrnoError(Info("read"), "recvmsg", op.error());
  Incoming incoming;
  incoming.received.size = op.size();
  incoming.received.full_size = op.full_size();
  incoming.received.from = AddressOf(from);
  ErrorInfo info = Info("read");
  info.addr = incoming.received.from;
  const absl::Status possible = op.CheckHandles(max_handles, std::move(info));
  if (!possible.ok()) return possible;
  incoming.handles = op.TakeHandles();
  return incoming;
}

}  // namespace plumb
