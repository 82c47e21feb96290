// A Conn on a connected datagram or seqpacket socket, whatever its family: each
// Write is one message and each Read takes one.
//
//   auto conn = std::make_unique<MessageConn>(clock, std::move(descriptor),
//                                             names, MessageKind{65507});
//
// Unstable: for backends; it may change with any release.
//
// Threads, errors: as for Conn. Extensions: MessageTraits, BlockedProbe,
// NativeHandle, BufferControl, Peeker; ReadCloser where the messages have an
// end.
#ifndef PLUMB_BACKENDS_POSIX_MESSAGE_CONN_H_
#define PLUMB_BACKENDS_POSIX_MESSAGE_CONN_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/descriptor.h"
#include "backends/posix/socket_conn.h"
#include "transport/call.h"
#include "transport/clock.h"
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

class MessageConn : public SocketConn, public MessageTraits {
 public:
  // `descriptor` is connected and non-blocking; `names` has the network and
  // both ends.
  MessageConn(Clock& clock, plumb::Descriptor descriptor,
              std::shared_ptr<const CallNames> names, MessageKind kind);
  ~MessageConn() override;

  using SocketConn::Write;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;
  absl::StatusOr<size_t> Peek(absl::Span<char> buffer) override;
  absl::Status Write(absl::Span<const absl::string_view> pieces) override;
  absl::Status CloseWrite() override;
  void* Extension(absl::string_view name) override;

  size_t MaxMessageSize() const override;
  bool EmptyMessages() const override { return !kind_.has_end; }

 private:
  // `flags` are those of recvmsg(2).
  absl::StatusOr<size_t> Receive(absl::Span<char> buffer, int flags);

  const MessageKind kind_;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_MESSAGE_CONN_H_
