// A Conn on a connected datagram or seqpacket socket, whatever its family: each
// Write is one message and each Read takes one.
//
//   auto conn = std::make_unique<MessageConn>(clock, std::move(descriptor),
//                                             names, MessageKind{65507});
//
// Unstable: for backends; it may change with any release.
//
// Threads, errors: as for Conn. Extensions: MessageTraits, BlockedProbe,
// NativeHandle, BufferControl; ReadCloser where the messages have an end.
#ifndef PLUMB_BACKENDS_POSIX_MESSAGE_CONN_H_
#define PLUMB_BACKENDS_POSIX_MESSAGE_CONN_H_

#include <atomic>
#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/socket_object.h"
#include "transport/call.h"
#include "transport/clock.h"
#include "transport/conn.h"
#include "transport/extensions.h"

namespace plumb {

struct MessageKind {
  // 0: what the socket's send buffer holds, as on unix sockets.
  size_t max_message_size = 0;
  // Whether it is a connection that ends (seqpacket): an empty message is then
  // the end of the stream, and CloseWrite works.
  bool has_end = false;
};

// The error of a read that cut a message of `full_size` bytes short:
// InvalidArgument, "read: message too long".
absl::Status CutMessageError(ErrorInfo info, size_t full_size);

// What a send buffer of that size lets through in one message on a unix socket.
size_t MaxUnixMessageSize(int send_buffer);

class MessageConn : public Conn,
                    public SocketObject,
                    public MessageTraits,
                    public ReadCloser {
 public:
  // `descriptor` is connected and non-blocking; `names` has the network and
  // both ends.
  MessageConn(Clock& clock, plumb::Descriptor descriptor,
              std::shared_ptr<const CallNames> names, MessageKind kind);
  ~MessageConn() override;

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
  void* Extension(absl::string_view name) override;

  size_t MaxMessageSize() const override;
  bool EmptyMessages() const override { return !kind_.has_end; }
  absl::Status CloseRead() override;

 private:
  absl::Status WriteError(int error) const;

  const MessageKind kind_;
  std::atomic<bool> write_closed_{false};
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_MESSAGE_CONN_H_
