// Sending and receiving descriptors along with bytes on unix sockets
// (SCM_RIGHTS, unix(7)).
//
// Unstable: for backends; it may change with any release.
//
// Threads: an operation belongs to one call.
#ifndef PLUMB_BACKENDS_POSIX_HANDLE_OPS_H_
#define PLUMB_BACKENDS_POSIX_HANDLE_OPS_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket_ops.h"
#include "transport/descriptor.h"
#include "transport/direction.h"
#include "transport/error.h"
#include "transport/handle_passing.h"

namespace plumb {

// Sends all of `data`, and `handles` along with its first byte.
class SendHandlesOp final : public SocketOp {
 public:
  // To the connected peer when `to` is null.
  SendHandlesOp(int fd, absl::string_view data, absl::Span<const int> handles,
                const SockAddr* to = nullptr);

  bool Attempt() override;
  uint64_t sent() const { return sent_; }

 private:
  int64_t SendWithHandles();
  int64_t SendRest() const;

  const absl::string_view data_;
  const absl::Span<const int> handles_;
  const SockAddr* const to_;
  uint64_t sent_ = 0;
};

// Receives bytes, or one message, and the descriptors that came along, which
// are owned from the system call on.
class ReceiveHandlesOp final : public SocketOp {
 public:
  // Puts the sender's address into `*from` unless that is null.
  ReceiveHandlesOp(int fd, absl::Span<char> buffer, SockAddr* from = nullptr)
      : SocketOp(fd, Direction::kRead), buffer_(buffer), from_(from) {}

  bool Attempt() override;
  // How many bytes are in the buffer, and how many the message had.
  size_t size() const { return full_size_ < room() ? full_size_ : room(); }
  size_t full_size() const { return full_size_; }
  const std::vector<Descriptor>& handles() const { return handles_; }
  std::vector<Descriptor> TakeHandles() { return std::move(handles_); }

  // Whether the descriptors can be had: not when there are more than
  // `max_handles`, and not when the kernel had no room for all of them. `info`
  // is of the operation that received them.
  absl::Status CheckHandles(size_t max_handles, ErrorInfo info) const;

 private:
  size_t room() const { return buffer_.size(); }
  void Adopt(msghdr& message);

  const absl::Span<char> buffer_;
  SockAddr* const from_;
  size_t full_size_ = 0;
  std::vector<Descriptor> handles_;
  bool lost_some_ = false;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_HANDLE_OPS_H_
