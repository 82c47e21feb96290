// Receiving from a raw IPv4 socket, which delivers the IP header before the
// data, without it.
//
// Unstable: for backends; it may change with any release.
//
// Threads: an operation belongs to one call.
#ifndef PLUMB_BACKENDS_POSIX_RAW_OPS_H_
#define PLUMB_BACKENDS_POSIX_RAW_OPS_H_

#include <cstddef>

#include "absl/types/span.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket_ops.h"
#include "transport/direction.h"

namespace plumb {

// One packet's data. The buffer needs no room for the header.
class ReceiveRawIpv4Op final : public SocketOp {
 public:
  // Puts the sender's address into `*from` unless that is null. `flags` are
  // those of recvmsg(2).
  ReceiveRawIpv4Op(int fd, absl::Span<char> buffer, SockAddr* from = nullptr,
                   int flags = 0)
      : SocketOp(fd, Direction::kRead),
        buffer_(buffer),
        from_(from),
        flags_(flags) {}

  bool Attempt() override;
  // How many bytes of data are in the buffer, and how many the packet had.
  size_t size() const {
    return full_size_ < buffer_.size() ? full_size_ : buffer_.size();
  }
  size_t full_size() const { return full_size_; }

 private:
  // The header without its options, and the most there can be of those.
  static constexpr size_t kFixedHeader = 20, kMaxOptions = 40;

  // Of a packet of `size` bytes, laid out as header, buffer, tail.
  void Strip(size_t size);

  const absl::Span<char> buffer_;
  SockAddr* const from_;
  const int flags_;
  char header_[kFixedHeader];
  char tail_[kMaxOptions];
  size_t full_size_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_RAW_OPS_H_
