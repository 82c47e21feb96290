#include "backends/fake/datagram_conns.h"

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "backends/fake/fake_stream.h"
#include "backends/fake/handles.h"
#include "transport/error.h"
#include "transport/extension.h"
#include "transport/handle_checks.h"

namespace plumb {

absl::Status DatagramObject::SetReadBuffer(int bytes) {
  if (!state().Enter()) return ClosedError(SetInfo());
  if (names().network == "unixgram") {
    const ErrorInfo info = SetInfo();
    state().Leave();
    return UnsupportedError(info, "read buffer");
  }
  socket_->SetReceiveBuffer(BufferSize(bytes));
  state().Leave();
  return absl::OkStatus();
}

absl::Status DatagramObject::SetWriteBuffer(int bytes) {
  if (!state().Enter()) return ClosedError(SetInfo());
  socket_->SetSendBuffer(BufferSize(bytes));
  state().Leave();
  return absl::OkStatus();
}

int DatagramObject::BlockedCalls(Direction direction) const {
  return CountBlocked(state(), direction);
}

absl::Status DatagramObject::CloseOnce() {
  const std::shared_ptr<const CallNames> names = state().names();
  if (!state().Close()) return ClosedError(NamedInfo("close", names.get()));
  lease_.Release();
  socket_->Shut();
  state().Done();
  return absl::OkStatus();
}

absl::Status DatagramObject::ChangeDeadline(Direction direction,
                                            absl::Time when) {
  return state().SetDeadline(direction, when) ? absl::OkStatus()
                                              : ClosedError(SetInfo());
}

ErrorInfo DatagramObject::SetInfo() const {
  ErrorInfo info = NamedInfo("set", &names());
  info.addr = std::exchange(info.source, Addr());
  return info;
}

template <typename Look>
absl::StatusOr<size_t> DatagramConn::ReadBy(absl::Span<char> buffer,
                                            Look look) {
  if (buffer.empty()) {
    if (state().closed()) return ClosedError(NamedInfo("read", &names()));
    return size_t{0};
  }
  Call call(state(), Direction::kRead);
  while (call.ok()) {
    Received received;
    const int error = look(&received);
    if (error == EAGAIN) {
      call.Wait();
      continue;
    }
    if (error == 0 && !received.truncated()) return received.size;
    ErrorInfo info = NamedInfo("read", &names());
    if (error != 0) return ErrnoError(std::move(info), "read", error);
    info.bytes_done = received.full_size;
    return ErrnoError(std::move(info), "read", EMSGSIZE);
  }
  return call.Error("read");
}

absl::StatusOr<size_t> DatagramConn::Read(absl::Span<char> buffer) {
  return ReadBy(buffer, [&](Received* received) {
    return socket().Receive(buffer, received);
  });
}

absl::StatusOr<size_t> DatagramConn::Peek(absl::Span<char> buffer) {
  return ReadBy(buffer, [&](Received* received) {
    return socket().Peek(buffer, received);
  });
}

absl::StatusOr<HandlePassing::Incoming> DatagramConn::ReadWithHandles(
    absl::Span<char> buffer, size_t max_handles) {
  // The object may be gone when the Read has waited in vain.
  ErrorInfo info = NamedInfo("read", &names());
  HandlePassing::Incoming incoming;
  const absl::StatusOr<size_t> size = ReadBy(buffer, [&](Received* received) {
    return socket().Receive(buffer, received, &incoming.handles);
  });
  incoming.size = size.value_or(buffer.size());
  info.bytes_done = incoming.size;
  const absl::Status possible = CheckIncomingHandles(
      incoming.handles.size(), max_handles, std::move(info));
  if (!possible.ok()) return possible;
  if (!size.ok()) return size.status();
  return incoming;
}

absl::Status DatagramConn::WriteDatagram(Call& call, Datagram datagram) {
  while (call.ok()) {
    const int error = socket().Send(names().addr, datagram);
    if (error == 0) return absl::OkStatus();
    if (error != EAGAIN) {
      return ErrnoError(NamedInfo("write", &names()), "write", error);
    }
    call.Wait();
  }
  return call.Error("write");
}

absl::Status DatagramConn::Write(absl::Span<const absl::string_view> pieces) {
  Call call(state(), Direction::kWrite);
  return WriteDatagram(call, {JoinPieces(pieces), {}});
}

absl::Status DatagramConn::WriteWithHandles(absl::string_view data,
                                            absl::Span<const int> handles) {
  Call call(state(), Direction::kWrite);
  if (!call.ok()) return call.Error("write");
  absl::StatusOr<std::vector<Descriptor>> sent =
      DuplicateHandles(false, handles, NamedInfo("write", &names()));
  if (!sent.ok()) return sent.status();
  return WriteDatagram(call, {std::string(data), *std::move(sent)});
}

absl::Status DatagramConn::WaitReadable() {
  Call call(state(), Direction::kRead);
  while (call.ok()) {
    if (socket().Readable()) return absl::OkStatus();
    call.Wait();
  }
  return call.Error("read");
}

absl::Status DatagramConn::CloseWrite() {
  ErrorInfo info = NamedInfo("close", &names());
  if (state().closed()) return ClosedError(std::move(info));
  return UnsupportedError(std::move(info), "CloseWrite");
}

void* DatagramConn::Extension(absl::string_view name) {
  if (void* found = FindExtension<MessageTraits, BufferControl, BlockedProbe,
                                  ConnProbe, Peeker>(name, this)) {
    return found;
  }
  if (!socket().PassesHandles()) return nullptr;
  return FindExtension<HandlePassing>(name, this);
}

absl::StatusOr<size_t> FakePacketConn::ReadBatch(absl::Span<InPacket> packets) {
  if (packets.empty()) {
    if (state().closed()) return ClosedError(NamedInfo("read", &names()));
    return size_t{0};
  }
  Call call(state(), Direction::kRead);
  while (call.ok()) {
    size_t count = 0;
    int error = 0;
    while (count < packets.size() && error == 0) {
      InPacket& packet = packets[count];
      error = socket().Receive(packet.buffer, &packet.received);
      if (error == 0) ++count;
    }
    if (count > 0) return count;
    if (error != EAGAIN) {
      return ErrnoError(NamedInfo("read", &names()), "recvfrom", error);
    }
    call.Wait();
  }
  return call.Error("read");
}

absl::StatusOr<size_t> FakePacketConn::WriteBatch(
    absl::Span<const OutPacket> packets) {
  if (packets.empty()) {
    if (state().closed()) return ClosedError(NamedInfo("write", &names()));
    return size_t{0};
  }
  // The object may be gone when the Call has waited in vain.
  ErrorInfo info = WriteInfo(packets[0].to);
  Call call(state(), Direction::kWrite);
  while (call.ok()) {
    size_t count = 0;
    int error = 0;
    while (count < packets.size() && error == 0) {
      Datagram datagram = {std::string(packets[count].data), {}};
      error = socket().Send(packets[count].to, datagram);
      if (error == 0) ++count;
    }
    if (count > 0) return count;
    if (error != EAGAIN) return WriteError(packets[0].to, "sendto", error);
    call.Wait();
  }
  return CallError(call.outcome(), std::move(info));
}

absl::Status FakePacketConn::WriteToWithHandles(absl::string_view data,
                                                const Addr& to,
                                                absl::Span<const int> handles) {
  ErrorInfo info = WriteInfo(to);
  Call call(state(), Direction::kWrite);
  if (!call.ok()) return CallError(call.outcome(), std::move(info));
  absl::StatusOr<std::vector<Descriptor>> sent =
      DuplicateHandles(false, handles, info);
  if (!sent.ok()) return sent.status();
  Datagram datagram = {std::string(data), *std::move(sent)};
  while (call.ok()) {
    const int error = socket().Send(to, datagram);
    if (error == 0) return absl::OkStatus();
    if (error != EAGAIN) return WriteError(to, "sendmsg", error);
    call.Wait();
  }
  return CallError(call.outcome(), std::move(info));
}

absl::StatusOr<PacketHandlePassing::Incoming>
FakePacketConn::ReadFromWithHandles(absl::Span<char> buffer,
                                    size_t max_handles) {
  Call call(state(), Direction::kRead);
  while (call.ok()) {
    PacketHandlePassing::Incoming incoming;
    const int error =
        socket().Receive(buffer, &incoming.received, &incoming.handles);
    if (error == EAGAIN) {
      call.Wait();
      continue;
    }
    ErrorInfo info = NamedInfo("read", &names());
    if (error != 0) return ErrnoError(std::move(info), "recvmsg", error);
    info.bytes_done = incoming.received.size;
    info.addr = incoming.received.from;
    const absl::Status possible = CheckIncomingHandles(
        incoming.handles.size(), max_handles, std::move(info));
    if (!possible.ok()) return possible;
    return incoming;
  }
  return call.Error("read");
}

ErrorInfo FakePacketConn::WriteInfo(const Addr& to) const {
  ErrorInfo info = NamedInfo("write", &names());
  info.addr = to;
  return info;
}

absl::Status FakePacketConn::WriteError(const Addr& to,
                                        absl::string_view syscall,
                                        int error) const {
  ErrorInfo info = WriteInfo(to);
  if (!to.has_value()) {
    return OpError(absl::StatusCode::kInvalidArgument, std::move(info),
                   "missing address");
  }
  if (error == EAFNOSUPPORT && to.ip().is_v6()) {
    return OpError(
        absl::StatusCode::kInvalidArgument, std::move(info),
        absl::StrCat("address ", to.ip().ToString(), ": non-IPv4 address"));
  }
  // What is wrong with the address itself no system call was asked.
  const bool unasked = error == EINVAL || error == EAFNOSUPPORT;
  return ErrnoError(std::move(info), unasked ? "" : syscall, error);
}

void* FakePacketConn::Extension(absl::string_view name) {
  if (void* found =
          FindExtension<MessageTraits, BufferControl, BlockedProbe, ConnProbe>(
              name, this)) {
    return found;
  }
  if (!socket().PassesHandles()) return socket().Extension(name);
  return FindExtension<PacketHandlePassing>(name, this);
}

}  // namespace plumb
