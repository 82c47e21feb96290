// Receiving and sending several datagrams in one system call (recvmmsg(2),
// sendmmsg(2)).
//
// Unstable: for backends; it may change with any release.
//
// Threads: an operation belongs to one call, a MessageBatch to one at a time.
#ifndef PLUMB_BACKENDS_POSIX_BATCH_OPS_H_
#define PLUMB_BACKENDS_POSIX_BATCH_OPS_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "backends/posix/sockaddr.h"
#include "backends/posix/socket_ops.h"
#include "transport/packet_conn.h"

namespace plumb {

// The room that the kernel needs to be told of many datagrams; kept by a
// PacketConn for each direction, so that batches allocate once.
class MessageBatch {
 public:
  // No system call takes more datagrams than that.
  static constexpr size_t kCapacity = 64;

  // Room for `size` datagrams; at most kCapacity.
  void Resize(size_t size) {
    size_ = size < kCapacity ? size : kCapacity;
    if (size_ > headers_.size()) Grow();
  }
  size_t size() const { return size_; }

  mmsghdr* headers() { return headers_.data(); }
  SockAddr& address(size_t i) { return addresses_[i]; }

  // Datagram `i` is in, or goes into, `size` bytes at `data`.
  void SetData(size_t i, void* data, size_t size) { iovecs_[i] = {data, size}; }
  // Tells the kernel of address(i): where datagram `i` goes.
  void UseAddress(size_t i) {
    headers_[i].msg_hdr.msg_namelen = addresses_[i].size();
  }
  // Tells the kernel to put the sender of datagram `i` into address(i).
  void WantAddress(size_t i) {
    headers_[i].msg_hdr.msg_namelen = SockAddr::kCapacity;
  }

 private:
  // To size_, and has all that is there point to where it belongs.
  void Grow();

  size_t size_ = 0;
  // As many as there ever was room for.
  std::vector<mmsghdr> headers_;
  std::vector<iovec> iovecs_;
  std::vector<SockAddr> addresses_;
};

// As many datagrams as are there; at least one. Fills size, full_size and, from
// `addr_network` (a literal), the address of each InPacket.
class ReceiveBatchOp final : public SocketOp {
 public:
  // `batch` is prepared here, and is this operation's from now on. At most
  // kCapacity of `packets` are used.
  ReceiveBatchOp(int fd, MessageBatch& batch, absl::Span<InPacket> packets,
                 const char* addr_network);

  bool Attempt() override;
  size_t count() const { return count_; }

 private:
  void Finish();

  MessageBatch& batch_;
  const absl::Span<InPacket> packets_;
  const char* const addr_network_;
  size_t count_ = 0;
};

// As many of the batch's datagrams as go without waiting; at least one.
class SendBatchOp final : public SocketOp {
 public:
  SendBatchOp(int fd, MessageBatch& batch)
      : SocketOp(fd, Direction::kWrite), batch_(batch) {}

  bool Attempt() override;
  size_t count() const { return count_; }

 private:
  MessageBatch& batch_;
  size_t count_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_BACKENDS_POSIX_BATCH_OPS_H_
