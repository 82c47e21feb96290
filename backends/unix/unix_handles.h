// Connections and PacketConns on unix sockets that pass descriptors.
//
// Threads: as for Conn and PacketConn.
#ifndef PLUMB_BACKENDS_UNIX_UNIX_HANDLES_H_
#define PLUMB_BACKENDS_UNIX_UNIX_HANDLES_H_

#include <cerrno>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/handle_ops.h"
#include "backends/posix/message_conn.h"
#include "backends/posix/packet_socket.h"
#include "backends/posix/stream_conn.h"
#include "transport/call.h"
#include "transport/extension.h"
#include "transport/handle_checks.h"
#include "transport/handle_passing.h"

namespace plumb {

// `Base` is a StreamConn, of bytes and ancillary data, or a MessageConn.
template <typename Base>
class PassingHandles : public Base, public HandlePassing {
 public:
  using Base::Base;
  ~PassingHandles() override { this->CloseOnce(); }

  void* Extension(absl::string_view name) override {
    if (void* found = FindExtension<HandlePassing>(name, this)) return found;
    return Base::Extension(name);
  }

  absl::Status WriteWithHandles(absl::string_view data,
                                absl::Span<const int> handles) override {
    Call call(this->state(), Direction::kWrite);
    if (!call.ok()) return call.Error("write");
    if (this->write_closed()) return this->WriteError(EPIPE, 0);
    const absl::Status possible = CheckOutgoingHandles(
        kStream && data.empty(), handles, this->Info("write"));
    if (!possible.ok() || (kStream && data.empty())) return possible;
    SendHandlesOp op(this->fd(), data, handles);
    if (!call.Run(op)) {
      ErrorInfo info;
      info.bytes_done = op.sent();
      return call.Error("write", std::move(info));
    }
    if (op.error() == 0) return absl::OkStatus();
    if (op.error() == EBADF) return BadHandleError(this->Info("write"));
    return this->WriteError(op.error(), op.sent());
  }

  absl::StatusOr<Incoming> ReadWithHandles(absl::Span<char> buffer,
                                           size_t max_handles) override {
    if (buffer.empty()) {
      const absl::Status open = this->Read(buffer).status();
      if (!open.ok()) return open;
      return Incoming();
    }
    Call call(this->state(), Direction::kRead);
    if (!call.ok()) return call.Error("read");
    this->TryFirst();
    ReceiveHandlesOp op(this->fd(), buffer);
    if (!call.Run(op)) return call.Error("read");
    const ErrorInfo info = this->Info("read");
    if (op.error() != 0) return ErrnoError(info, "read", op.error());
    const absl::Status possible = op.CheckHandles(max_handles, info);
    if (!possible.ok()) return possible;
    if (op.full_size() > op.size()) {
      return CutMessageError(info, op.full_size());
    }
    if (op.size() == 0 && op.handles().empty() && HasEnd()) {
      return EofError();
    }
    return Incoming{op.size(), op.TakeHandles()};
  }

 private:
  static constexpr bool kStream = std::is_base_of_v<StreamConn, Base>;

  bool HasEnd() const {
    if constexpr (kStream) {
      return true;
    } else {
      return !this->EmptyMessages();
    }
  }
};

class HandlePassingPackets : public PacketSocket, public PacketHandlePassing {
 public:
  using PacketSocket::PacketSocket;
  ~HandlePassingPackets() override;

  void* Extension(absl::string_view name) override;

  absl::Status WriteToWithHandles(absl::string_view data, const Addr& to,
                                  absl::Span<const int> handles) override;
  absl::StatusOr<Incoming> ReadFromWithHandles(absl::Span<char> buffer,
                                               size_t max_handles) override;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_UNIX_UNIX_HANDLES_H_
